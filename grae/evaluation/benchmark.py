"""The MOSES benchmark on samples of molecules: its measures, and why some cannot be computed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grae.evaluation.chemnet import ChemNet, has_fcd
from grae.evaluation.descriptions import PARTS, PROPERTIES
from grae.evaluation.measurements import Measurement
from grae.evaluation.measures import NOT_REQUESTED, Wanted
from grae.evaluation.molecules import PART_OF, measures_against, measures_alone, molecules_of
from grae.evaluation.references import reference_of
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work

if TYPE_CHECKING:
    from grae.grammar import Grammar

ALONE = ("Filters", "IntDiv", "IntDiv2")
AGAINST = ("FCD", "SNN", "Frag", "Scaf")
NONE_VALID = "no sample is valid"
FCD_FEW = 10_000  # molecules; with fewer samples or references, the bias of FCD is as large as a good model's FCD


@dataclass(frozen=True, slots=True)
class Comparison:
    """The references that samples of molecules are compared with.

    Attributes:
        reference: MOSES's test set, or another set.
        scaffold_reference: MOSES's scaffold test set, or another set.
        fcd: whether to compute the Fréchet ChemNet distance; None to compute it if the extra `fcd` is installed.
        device: torch device of ChemNet.
    """

    reference: Strings | None = None
    scaffold_reference: Strings | None = None
    fcd: bool | None = None
    device: str = "cpu"

    @property
    def takes_fcd(self) -> bool:
        """Whether the Fréchet ChemNet distance will be computed."""
        has_reference = self.reference is not None or self.scaffold_reference is not None
        return has_reference and (has_fcd() if self.fcd is None else self.fcd)

    @property
    def without_fcd(self) -> str:
        """Why the Fréchet ChemNet distance is not computed."""
        return NOT_REQUESTED if self.fcd is False else "fcd is not installed: pip install 'grae[fcd]'"


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """The results of the benchmark.

    Attributes:
        figures: measures by name; None where a measure is undefined.
        left_out: measures without a value, and why.
        caveats: caveats of comparing a measure with published values.
        references: name and number of molecules of each reference, by MOSES's name for it.
    """

    figures: dict[str, Measurement | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    caveats: dict[str, str] = field(default_factory=dict)
    references: dict[str, tuple[str, int]] = field(default_factory=dict)

    def take(self, name: str, measured: Measurement | str) -> None:
        """Records a measure, or why it is undefined."""
        self.figures[name] = measured if isinstance(measured, Measurement) else None
        if isinstance(measured, str):
            self.left_out[name] = measured


def benchmark(
    samples: Sequence[str | None],
    forms: Sequence[str | None],
    grammar: "Grammar",
    comparison: Comparison,
    wanted: Wanted,
    work: Work,
) -> Benchmarked:
    """Computes the measures of MOSES, except the shares defined for every language.

    Args:
        samples: strings, in the order in which they were drawn.
        forms: canonical form of each, None for invalid ones.
        grammar: grammar of molecules.
        comparison: references to compare with.
        wanted: measures to compute.
        work: seed, worker count and progress callback.

    Raises:
        DataError: a reference contains no molecule, or cannot be read.
        MissingExtraError: the Fréchet ChemNet distance is requested, and the extra is not installed.
        RunError: the cache cannot be read or written.
    """
    benchmarked = Benchmarked()
    references = {"Test": comparison.reference, "TestSF": comparison.scaffold_reference}
    some_valid = any(form is not None for form in forms)
    alone, against = planned(references, some_valid, comparison, wanted, benchmarked.left_out)
    needed = {*alone, *(name for names in against.values() for name in names)}
    if not needed:
        return benchmarked
    chemnet = ChemNet(comparison.device) if "FCD" in needed else None
    molecules = molecules_of(samples, forms, parts_needed(needed), chemnet, work)
    for name, figure in measures_alone(molecules, alone, work).items():
        benchmarked.take(name, figure)
    for test, names in against.items():
        strings, network = references[test], chemnet if "FCD" in names else None
        if strings is None or not names:
            continue
        reference = reference_of(strings, grammar, parts_needed(names), network, work)
        benchmarked.references[test] = (reference.name, len(reference))
        for name, figure in measures_against(molecules, reference, names, work).items():
            benchmarked.take(named_against(name, test), figure)
        if benchmarked.figures.get(f"FCD/{test}") is not None and min(len(molecules), len(reference)) < FCD_FEW:
            benchmarked.caveats[f"FCD/{test}"] = bias_caveat(len(molecules), len(reference))
    return benchmarked


def planned(
    references: Mapping[str, Strings | None],
    some_valid: bool,
    comparison: Comparison,
    wanted: Wanted,
    left_out: dict[str, str],
) -> tuple[list[str], dict[str, list[str]]]:
    """The measures to compute without and with a reference (without "/Test"); the others are recorded as left out."""
    alone = wanted.of(ALONE, left_out)
    against = {test: wanted.of(names_against(test), left_out) for test in references}
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


def names_against(test: str) -> list[str]:
    """The measures against a reference; MOSES computes distances of properties against its test set only."""
    return [f"{name}/{test}" for name in AGAINST] + list(PROPERTIES if test == "Test" else ())


def named_against(name: str, test: str) -> str:
    """A measure's name with its reference, as in `MEASURES`."""
    return f"{name}/{test}" if name in AGAINST else name


def parts_needed(names: Collection[str]) -> list[str]:
    """The parts of molecules that the measures need, in the order of `PARTS`."""
    needed = {PART_OF[name] for name in names if name in PART_OF}
    return [part for part in PARTS if part in needed]


def bias_caveat(n: int, m: int) -> str:
    """The caveat of a Fréchet ChemNet distance between n samples and m reference molecules."""
    return (
        f"biased upwards by small sets ({n:,} valid samples, {m:,} reference molecules); compare it only with values "
        f"for as many, or use {FCD_FEW:,} of each"
    )
