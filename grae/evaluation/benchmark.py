"""The MOSES benchmark on samples of molecules: the measures that can be taken, and why the others are not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grae.evaluation.chemnet import ChemNet, has_fcd
from grae.evaluation.descriptions import PARTS, PROPERTIES
from grae.evaluation.measurements import Measurement
from grae.evaluation.measures import NOT_ASKED, Wanted
from grae.evaluation.molecules import PART_OF, measures_against, measures_alone, molecules_of
from grae.evaluation.references import reference_of
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work

if TYPE_CHECKING:
    from grae.grammar import Grammar

ALONE = ("Filters", "IntDiv", "IntDiv2")
AGAINST = ("FCD", "SNN", "Frag", "Scaf")
NONE_VALID = "no sample is valid"
FCD_FEW = 10_000  # molecules; of fewer, in samples or reference, the bias of FCD is of the order of a good model's FCD


@dataclass(frozen=True, slots=True)
class Comparison:
    """What samples of molecules are compared with, and how.

    Attributes:
        reference: MOSES's test set, or another.
        scaffold_reference: MOSES's scaffold test set, or another.
        fcd: whether to take the Fréchet ChemNet distance; None for where the extra `fcd` is installed.
        device: where ChemNet computes, as torch calls it.
    """

    reference: Strings | None = None
    scaffold_reference: Strings | None = None
    fcd: bool | None = None
    device: str = "cpu"

    @property
    def takes_fcd(self) -> bool:
        """Whether the Fréchet ChemNet distance will be taken."""
        some = self.reference is not None or self.scaffold_reference is not None
        return some and (has_fcd() if self.fcd is None else self.fcd)

    @property
    def without_fcd(self) -> str:
        """Why the Fréchet ChemNet distance is not taken."""
        return NOT_ASKED if self.fcd is False else "fcd is not installed: pip install 'grae[fcd]'"


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """What was measured.

    Attributes:
        figures: by name; None where a measure is undefined.
        left_out: the measures that have no value, and why.
        caveats: what must be known to compare a measure with others.
        references: by MOSES's name for them: what they are called, and how many molecules count.
    """

    figures: dict[str, Measurement | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    caveats: dict[str, str] = field(default_factory=dict)
    references: dict[str, tuple[str, int]] = field(default_factory=dict)

    def take(self, name: str, found: Measurement | str) -> None:
        """Notes a measure, or why it is undefined."""
        self.figures[name] = found if isinstance(found, Measurement) else None
        if isinstance(found, str):
            self.left_out[name] = found


def benchmark(
    samples: Sequence[str | None],
    forms: Sequence[str | None],
    grammar: "Grammar",
    comparison: Comparison,
    wanted: Wanted,
    work: Work,
) -> Benchmarked:
    """Takes the measures of MOSES, but for the shares that every language has.

    Args:
        samples: the strings, in the order in which they were drawn.
        forms: the canonical form of each, None for the invalid.
        grammar: of molecules.
        comparison: what to compare with.
        wanted: which measures to take; nothing is computed that none of them needs.
        work: how to measure.

    Raises:
        DataError: a reference holds no molecule, or cannot be read.
        MissingExtraError: the Fréchet ChemNet distance is asked for, and the extra is not installed.
        RunError: the cache cannot be read or written.
    """
    benchmarked = Benchmarked()
    references = {"Test": comparison.reference, "TestSF": comparison.scaffold_reference}
    some_valid = any(form is not None for form in forms)
    alone, against = _planned(references, some_valid, comparison, wanted, benchmarked.left_out)
    needed = {*alone, *(name for names in against.values() for name in names)}
    if not needed:
        return benchmarked
    chemnet = ChemNet(comparison.device) if "FCD" in needed else None
    molecules = molecules_of(samples, forms, _parts(needed), chemnet, work)
    for name, figure in measures_alone(molecules, alone, work).items():
        benchmarked.take(name, figure)
    for test, names in against.items():
        strings, network = references[test], chemnet if "FCD" in names else None
        if strings is None or not names:
            continue
        reference = reference_of(strings, grammar, _parts(names), network, work)
        benchmarked.references[test] = (reference.name, len(reference))
        for name, figure in measures_against(molecules, reference, names, work).items():
            benchmarked.take(_named(name, test), figure)
        if benchmarked.figures.get(f"FCD/{test}") is not None and min(len(molecules), len(reference)) < FCD_FEW:
            benchmarked.caveats[f"FCD/{test}"] = _biased(len(molecules), len(reference))
    return benchmarked


def _planned(
    references: Mapping[str, Strings | None],
    some_valid: bool,
    comparison: Comparison,
    wanted: Wanted,
    left_out: dict[str, str],
) -> tuple[list[str], dict[str, list[str]]]:
    """The measures to take alone, and by reference (without "/Test"); why the others are not is noted as left out."""
    alone = wanted.of(ALONE, left_out)
    against = {test: wanted.of(_names_against(test), left_out) for test in references}
    if not some_valid:
        left_out.update(dict.fromkeys(alone, NONE_VALID))
        alone = []
    for test, names in against.items():
        if references[test] is None or not some_valid:
            why = "no such reference was given" if references[test] is None else NONE_VALID
            left_out.update(dict.fromkeys(names, why))
            names.clear()
        elif f"FCD/{test}" in names and not comparison.takes_fcd:
            left_out[f"FCD/{test}"] = comparison.without_fcd
            names.remove(f"FCD/{test}")
        names[:] = [name.removesuffix(f"/{test}") for name in names]
    return alone, against


def _names_against(test: str) -> list[str]:
    """The measures against a reference; MOSES takes the distances of properties against its test set alone."""
    return [f"{name}/{test}" for name in AGAINST] + list(PROPERTIES if test == "Test" else ())


def _named(name: str, test: str) -> str:
    return f"{name}/{test}" if name in AGAINST else name


def _parts(names: Collection[str]) -> list[str]:
    """What measures need of each molecule, in the order of `PARTS`."""
    needed = {PART_OF[name] for name in names if name in PART_OF}
    return [part for part in PARTS if part in needed]


def _biased(n: int, m: int) -> str:
    return (
        f"biased upwards by small sets ({n:,} valid samples, {m:,} reference molecules); compare it only with figures "
        f"of as many, or take {FCD_FEW:,} of each"
    )
