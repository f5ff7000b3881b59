"""All measures by name: what each means, in which group a table shows it, and which end of it is the better one.

Those of the MOSES benchmark have its names ("unique@1000", "FCD/Test", "IntDiv2", ...); its "Novelty" is "novel".
"""

from typing import Literal, NamedTuple

Better = Literal["high", "low"]


class Measure(NamedTuple):
    """What there is to say of a measure.

    Attributes:
        group: the part of a table that shows it.
        means: in words, completing "it is ...".
        better: which end is the better one.
        is_share: whether it prints in percent.
    """

    group: str
    means: str
    better: Better
    is_share: bool = False


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
    "complete": Measure(_SAMPLES, "of the samples, ended within the run's length", "high", True),
    "in_language": Measure(_SAMPLES, "of the samples, derived by the grammar", "high", True),
    "valid": Measure(_SAMPLES, "of the samples, valid", "high", True),
    "valid_without_constraints": Measure(
        _SAMPLES, "of the same codes, valid when decoded under the grammar's rules alone", "high", True
    ),
    "unique": Measure(_SAMPLES, "of the valid, distinct", "high", True),
    "unique@1000": Measure(_SAMPLES, "of the first 1,000 valid, distinct", "high", True),
    "unique@10000": Measure(_SAMPLES, "of the first 10,000 valid, distinct", "high", True),
    "novel": Measure(_SAMPLES, "of the distinct valid, not in the training set", "high", True),
    "Filters": Measure(_SAMPLES, "of the valid, past the MCF and PAINS alerts and MOSES's other rules", "high", True),
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
    "exact_reconstruction": Measure(_CODES, "of the strings, back from their codes", "high", True),
    "step_accuracy": Measure(_CODES, "of their steps, right after the true steps before", "high", True),
    "log_likelihood": Measure(_CODES, "of their codes under the density, nats a code", "high"),
    "log_likelihood_per_dimension": Measure(_CODES, "of their codes, nats a dimension", "high"),
}
