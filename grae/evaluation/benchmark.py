"""The MOSES benchmark on samples of molecules: the measures that can be taken, and why the others are not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grae.evaluation.chemnet import ChemNet, has_fcd
from grae.evaluation.descriptions import PROPERTIES
from grae.evaluation.figures import Figure
from grae.evaluation.meaning import Meaning
from grae.evaluation.molecules import measures_against, measures_alone, molecules_of
from grae.evaluation.references import reference_of
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work

ALONE = ("Filters", "IntDiv", "IntDiv2")
AGAINST = ("FCD", "SNN", "Frag", "Scaf")


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
        return "it was not asked for" if self.fcd is False else "fcd is not installed: pip install 'grae[fcd]'"


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """What was measured.

    Attributes:
        figures: by name; None where a measure is undefined.
        left_out: the other measures, and why they were not taken.
        references: by MOSES's name for them: what they are called, and how many molecules count.
    """

    figures: dict[str, Figure | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    references: dict[str, tuple[str, int]] = field(default_factory=dict)


def benchmark(
    samples: Sequence[str | None], forms: Sequence[str | None], meaning: Meaning, comparison: Comparison, work: Work
) -> Benchmarked:
    """Takes the measures of MOSES, but for the shares that every language has.

    Args:
        samples: the strings, in the order in which they were drawn.
        forms: the canonical form of each, None for the invalid.
        meaning: that of molecules.
        comparison: what to compare with.
        work: how to measure.

    Raises:
        DataError: a reference holds no molecule, or cannot be read.
        MissingExtraError: the Fréchet ChemNet distance is asked for, and the extra is not installed.
        RunError: the cache cannot be read or written.
    """
    found = Benchmarked()
    chemnet = ChemNet(comparison.device) if comparison.takes_fcd else None
    molecules = molecules_of(samples, forms, chemnet, work)
    if molecules is None:
        found.left_out.update(dict.fromkeys(ALONE, "no sample is valid"))
    else:
        found.figures.update(measures_alone(molecules, work))
    for test, strings in (("Test", comparison.reference), ("TestSF", comparison.scaffold_reference)):
        names = [f"{name}/{test}" for name in AGAINST] + list(PROPERTIES if test == "Test" else ())
        if strings is None:
            found.left_out.update(dict.fromkeys(names, "no such reference was given"))
        elif molecules is None:
            found.left_out.update(dict.fromkeys(names, "no sample is valid"))
        else:
            reference = reference_of(strings, meaning, chemnet, work)
            found.references[test] = (reference.name, len(reference))
            found.figures.update(measures_against(molecules, reference, test, work))
            if chemnet is None:
                found.left_out[f"FCD/{test}"] = comparison.without_fcd
    return found
