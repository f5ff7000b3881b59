"""The table of measures: the meaning of each, its group in tables, and whether higher or lower is better.

Those of the MOSES benchmark have its names ("unique@1000", "FCD/Test", "IntDiv2", ...); its "Novelty" is "novel".
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from grae.errors import SettingsError

NOT_REQUESTED = "it was not requested"
Better = Literal["high", "low"]


class Measure(NamedTuple):
    """A row of the table of measures.

    Attributes:
        group: the group of a table that shows it.
        means: its definition in words.
        better: whether higher or lower is better.
        is_share: whether it is printed as a percentage.
        by_default: whether it is computed without being requested by name.
    """

    group: str
    means: str
    better: Better
    is_share: bool = False
    by_default: bool = True


_AGAINST: tuple[tuple[str, str, Better], ...] = (
    ("FCD", "Fréchet distance of ChemNet's activations", "low"),
    ("SNN", "mean similarity to the nearest of the reference", "high"),
    ("Frag", "cosine of the counts of BRICS fragments", "high"),
    ("Scaf", "cosine of the counts of scaffolds of 2 rings or more", "high"),
)
_SAMPLES, _SPREAD, _TEST, _SCAFFOLDS, _CODES = (
    "samples",
    "spread of the valid samples",
    "against the reference",
    "against the scaffold reference",
    "held-out strings",
)

MEASURES: dict[str, Measure] = {
    "complete": Measure(_SAMPLES, "share of samples that end within the maximum length", "high", True),
    "in_language": Measure(_SAMPLES, "share of samples that the grammar derives", "high", True),
    "valid": Measure(_SAMPLES, "share of valid samples", "high", True),
    "valid_without_constraints": Measure(
        _SAMPLES, "raw validity: the same codes without the semantic rules", "high", True
    ),
    "unique": Measure(_SAMPLES, "uniqueness: share of distinct among the valid", "high", True),
    "unique@1000": Measure(_SAMPLES, "uniqueness among the first 1,000 valid", "high", True),
    "unique@10000": Measure(_SAMPLES, "uniqueness among the first 10,000 valid", "high", True),
    "novel": Measure(_SAMPLES, "novelty: share of the unique that is not in the training set", "high", True),
    "Filters": Measure(_SAMPLES, "share of the valid that pass MOSES's filters (MCF, PAINS and others)", "high", True),
    "IntDiv": Measure(_SPREAD, "1 - the mean similarity of two samples", "high"),
    "IntDiv2": Measure(_SPREAD, "1 - the mean root of a sample's mean squared similarity", "high"),
    **{
        f"{name}/{test}": Measure(group, means, better)
        for test, group in (("Test", _TEST), ("TestSF", _SCAFFOLDS))
        for name, means, better in _AGAINST
    },
    "logP": Measure(_TEST, "Wasserstein distance of logP", "low"),
    "SA": Measure(_TEST, "Wasserstein distance of synthetic accessibility", "low"),
    "QED": Measure(_TEST, "Wasserstein distance of drug-likeness", "low"),
    "weight": Measure(_TEST, "Wasserstein distance of weight, g/mol", "low"),
    "exact_reconstruction": Measure(_CODES, "reconstruction accuracy", "high", True),
    "refined_reconstruction": Measure(
        _CODES, "reconstruction accuracy of codes refined by gradient steps", "high", True, by_default=False
    ),
    "step_accuracy": Measure(_CODES, "step accuracy under teacher forcing", "high", True),
    "log_likelihood": Measure(_CODES, "of their codes under the density, nats per code", "high"),
    "log_likelihood_per_dimension": Measure(_CODES, "of their codes, nats per dimension", "high"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The requested measures.

    Attributes:
        names: names in `MEASURES`; None for all that are computed by default.
    """

    names: frozenset[str] | None = None

    @classmethod
    def named(cls, names: Iterable[str] | None) -> "Wanted":
        """Measures by their names; "FCD", "SNN", "Frag" and "Scaf" stand for both references. None is the default.

        Raises:
            SettingsError: there is no such measure.
        """
        if names is None:
            return cls()
        matches = set()
        for name in names:
            fitting = {measure for measure in MEASURES if name in (measure, measure.partition("/")[0])}
            if not fitting:
                known = dict.fromkeys([*MEASURES, *(measure.partition("/")[0] for measure in MEASURES)])
                raise SettingsError.unknown("measure", name, known)
            matches |= fitting
        return cls(frozenset(matches))

    def __contains__(self, name: str) -> bool:
        return MEASURES[name].by_default if self.names is None else name in self.names

    def of(self, names: Iterable[str], left_out: MutableMapping[str, str]) -> list[str]:
        """The requested ones among the given measures; others that are computed by default are recorded as left out."""
        names = list(names)
        left_out.update({name: NOT_REQUESTED for name in names if name not in self and MEASURES[name].by_default})
        return [name for name in names if name in self]
