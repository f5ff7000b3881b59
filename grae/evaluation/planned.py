"""The measures of a tally of samples, and the statistics of the references that they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from grae.evaluation.benchmark import Comparison, named_against, names_against, parts_needed, planned
from grae.evaluation.chemnet import ChemNet
from grae.evaluation.descriptions import FINGERPRINTS, FRAGMENTS, PROPERTIES, SCAFFOLDS
from grae.evaluation.external import Counted, hashes_of
from grae.evaluation.measures import MEASURES, Wanted
from grae.evaluation.references import reference_of
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work
from grae.frechet import Moments
from grae.shards import Part

if TYPE_CHECKING:
    from grae.grammar import Grammar

AT_ONCE = 250_000  # maximum number of samples evaluated in memory, with all measures
PAIRS = ("IntDiv", "IntDiv2")
WITH_SEMANTICS = "valid_without_constraints"
NEEDS_PAIRS = f"it compares all pairs of samples: measure at most {AT_ONCE:,}, without --shard"
PART_OF_COUNTS = {"Frag": FRAGMENTS, "Scaf": SCAFFOLDS}


@dataclass(frozen=True, slots=True)
class Plan:
    """The measures of a tally.

    Attributes:
        names: measures to compute, in the order of `MEASURES`.
        left_out: other measures of the language, and why.
    """

    names: tuple[str, ...]
    left_out: dict[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def parts(self) -> list[str]:
        """The descriptions of molecules that the measures need."""
        return parts_needed([name.partition("/")[0] for name in self.names])

    @property
    def takes_fcd(self) -> bool:
        """Whether a Fréchet ChemNet distance is among them."""
        return any(name.startswith("FCD/") for name in self.names)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {"measures": list(self.names), "left_out": dict(self.left_out)}

    @classmethod
    def of(
        cls,
        grammar: "Grammar",
        wanted: Wanted,
        comparison: Comparison,
        *,
        training: bool,
        completion: str = "forced",
        semantic: bool = False,
    ) -> Self:
        """The requested measures that can be accumulated over blocks of samples.

        Args:
            grammar: grammar of the samples.
            wanted: requested measures.
            comparison: references for molecules.
            training: whether there is a training set, for novelty.
            completion: completion of the samples, as in `GrammarAutoencoder.decodings`.
            semantic: whether they are decoded under semantic constraints, and again without them.
        """
        left_out: dict[str, str] = {}
        names = wanted.of(("in_language", "valid", "unique", "novel"), left_out)
        if completion == "none" and "complete" in wanted:
            names.append("complete")
        if semantic:
            names += wanted.of((WITH_SEMANTICS,), left_out)
        if "novel" in names and not training:
            left_out["novel"] = "no training set was given"
            names.remove("novel")
        if grammar.language.is_molecular:
            names += wanted.of(("unique@1000", "unique@10000"), left_out)
            references = {"Test": comparison.reference, "TestSF": comparison.scaffold_reference}
            alone, against = planned(references, True, comparison, wanted, left_out)
            left_out |= {name: NEEDS_PAIRS for name in alone if name in PAIRS}
            names += [name for name in alone if name not in PAIRS]
            names += [named_against(name, test) for test, of_test in against.items() for name in of_test]
        return cls(tuple(name for name in MEASURES if name in names), left_out)


@dataclass(slots=True)
class Known:
    """Statistics of the references.

    Attributes:
        sizes: name and number of molecules of each reference, by MOSES's name for it.
        fingerprints: (m, 16) uint64 by reference, for SNN; absent when parts are merged.
        values: (m,) float64 by property, of the first reference.
        counts: hashes and counts of "fragments" and "scaffolds", by part and reference.
        moments: moments of the activations of ChemNet, by reference.
    """

    sizes: dict[str, tuple[str, int]] = field(default_factory=dict)
    fingerprints: dict[str, np.ndarray] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    counts: dict[str, dict[str, Counted]] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, grammar: "Grammar", comparison: Comparison, chemnet: ChemNet | None, work: Work) -> Self:
        """Computes the statistics, or reads them from the cache.

        Args:
            plan: the measures.
            grammar: grammar of molecules.
            comparison: the references.
            chemnet: the network, if its activations are requested.
            work: worker count and progress callback.

        Raises:
            DataError: a reference contains no molecule, or cannot be read.
            RunError: the cache cannot be read or written.
        """
        known = cls()
        references: dict[str, Strings | None] = {
            "Test": comparison.reference,
            "TestSF": comparison.scaffold_reference,
        }
        for test, strings in references.items():
            here = [name for name in names_against(test) if name in plan]
            if strings is None or not here:
                continue
            parts = parts_needed([name.partition("/")[0] for name in here])
            network = chemnet if f"FCD/{test}" in here else None
            reference = reference_of(strings, grammar, parts, network, work)
            known.sizes[test] = (reference.name, len(reference))
            known.values |= {part: array for part, array in reference.arrays.items() if part in PROPERTIES}
            if FINGERPRINTS in reference.arrays:
                known.fingerprints[test] = reference.arrays[FINGERPRINTS]
            for part, counter in reference.counts.items():
                counts = np.array(list(counter.values()), np.int64)
                known.counts.setdefault(part, {})[test] = Counted.of(hashes_of(counter), counts)
            if reference.moments is not None:
                known.moments[test] = reference.moments
        return known

    def about(self) -> dict[str, Any]:
        """Names and sizes, as JSON, for a part."""
        return {
            "references": {test: list(size) for test, size in self.sizes.items()},
            "counted": {part: list(of_part) for part, of_part in self.counts.items()},
            "values": list(self.values),
            "moments": {test: moments.n for test, moments in self.moments.items()},
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """The statistics, without fingerprints, for a part."""
        arrays = {f"reference.{name}": values for name, values in self.values.items()}
        for part, of_part in self.counts.items():
            for test, counted in of_part.items():
                arrays |= {f"reference.{part}.{test}.{name}": array for name, array in counted._asdict().items()}
        for test, moments in self.moments.items():
            arrays |= {f"reference.{test}.mean": moments.mean, f"reference.{test}.scatter": moments.scatter}
        return arrays

    @classmethod
    def of_part(cls, part: Part) -> Self:
        """The statistics from a part.

        Raises:
            RunError, DataError: the part is damaged.
        """
        about: Mapping[str, Any] = part.about["known"]
        known = cls({test: (name, n) for test, (name, n) in about["references"].items()})
        known.values = {name: part.arrays(f"reference.{name}")[0] for name in about["values"]}
        for counted, tests in about["counted"].items():
            known.counts[counted] = {
                test: Counted(*part.arrays(*(f"reference.{counted}.{test}.{name}" for name in Counted._fields)))
                for test in tests
            }
        for test, n in about["moments"].items():
            mean, scatter = part.arrays(f"reference.{test}.mean", f"reference.{test}.scatter")
            known.moments[test] = Moments(n, mean, scatter)
        return known
