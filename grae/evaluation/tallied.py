"""The measures of a tally, with their intervals: Wilson's for shares, and the normal one for means over samples."""

import numpy as np
from scipy.stats import norm

from grae.evaluation.benchmark import FCD_FEW, NONE_VALID, bias_caveat
from grae.evaluation.evaluate import FIRST, Evaluation
from grae.evaluation.external import Counted, wasserstein
from grae.evaluation.measurements import Measurement, measurement_of
from grae.evaluation.measures import MEASURES
from grae.evaluation.metrics import Estimate, Share
from grae.evaluation.planned import PART_OF_COUNTS
from grae.evaluation.resampling import LEVEL
from grae.evaluation.tally import UNIT, Tally
from grae.frechet import frechet_distance

UNIQUE_AT = {f"unique@{k}": k for k in FIRST}


def evaluation_of(tally: Tally, valid_means: str) -> Evaluation:
    """The evaluation of all samples that were added.

    Args:
        tally: statistics of at least one sample, compared with the training set if novelty is measured.
        valid_means: the definition of validity in the samples' language, in words.
    """
    figures: dict[str, Measurement | None] = {}
    left_out, caveats = dict(tally.plan.left_out), {}
    n, n_valid = tally.counts["n"], tally.counts["valid"]
    for name in tally.plan.names:
        measured = _measured(tally, name)
        figures[name] = measured if isinstance(measured, Measurement) else None
        if name in UNIQUE_AT and isinstance(measured, str):
            del figures[name]
        if isinstance(measured, str):
            left_out[name] = measured
        if name in ("unique", "novel") and not n_valid:
            figures[name] = measurement_of(Share(0, 0))
        if name.startswith("FCD/") and figures[name] is not None:
            size = tally.known.sizes[name.partition("/")[2]][1]
            if min(n_valid, size) < FCD_FEW:
                caveats[name] = bias_caveat(n_valid, size)
    causes = sorted(tally.causes.items(), key=lambda item: (-item[1], item[0]))
    return Evaluation(
        samples=(),
        figures={name: figures[name] for name in MEASURES if name in figures},
        causes={cause: Share(count, n) for cause, count in causes if count},
        left_out=left_out,
        caveats=caveats,
        references=dict(tally.known.sizes) if n_valid else {},
        valid_means=valid_means,
        n=n,
    )


def _measured(tally: Tally, name: str) -> Measurement | str:
    """A measure, or why it is undefined."""
    n, n_valid = tally.counts["n"], tally.counts["valid"]
    if name in ("complete", "in_language", "valid", "valid_without_constraints"):
        return measurement_of(Share(tally.counts[name], n))
    if name in UNIQUE_AT:
        k = UNIQUE_AT[name]
        if n_valid < k:
            return f"it needs {k:,} valid samples; there are {n_valid:,}"
        return measurement_of(Share(len(np.unique(tally.first[1, :k])), k))
    if not n_valid:
        return NONE_VALID
    kind, _, test = name.partition("/")
    match kind:
        case "unique":
            return measurement_of(Share(tally.keys["forms"].count_distinct(), n_valid))
        case "novel":
            distinct = tally.keys["forms"].count_distinct()
            return measurement_of(Share(distinct - tally.keys["known"].count_distinct(), distinct))
        case "Filters":
            return measurement_of(Share(tally.counts["Filters"], n_valid))
        case "SNN":
            return _mean(tally.counts[name], tally.counts[f"{name} squares"], n_valid)
        case "FCD":
            return _fcd(tally, test)
        case "Frag" | "Scaf":
            return _cosine(tally, kind, test)
        case _:
            return Measurement(Estimate(wasserstein(tally.keys[kind], tally.known.values[kind]), n_valid), None)


def _mean(total: int, squares: int, n: int) -> Measurement:
    """The mean of n numbers from 0 to 1 with its normal interval, from their sum and their sum of squares.

    Args:
        total: sum of the numbers, in units of 1 / `UNIT`.
        squares: sum of their squares, in the same units.
        n: sample size.
    """
    mean = total / UNIT / n
    error = np.sqrt(max(0.0, squares / UNIT / n - mean**2) / max(1, n - 1))
    half = float(norm.ppf((1 + LEVEL) / 2) * error)
    return Measurement(Estimate(mean, n), (max(0.0, mean - half), min(1.0, mean + half)))


def _fcd(tally: Tally, test: str) -> Measurement | str:
    """The Fréchet ChemNet distance, or why it is undefined."""
    moments, sums = tally.known.moments[test], tally.sums
    if sums is None or sums.n[0] < 2 or moments.n < 2:
        few = "the samples" if sums is None or sums.n[0] < 2 else tally.known.sizes[test][0]
        return f"a covariance needs two molecules or more; {few} contain one"
    return Measurement(Estimate(frechet_distance(moments, sums.moments), int(sums.n[0])), None)


def _cosine(tally: Tally, kind: str, test: str) -> Measurement | str:
    """The cosine similarity of the counts of fragments or scaffolds, or why it is undefined."""
    part = PART_OF_COUNTS[kind]
    known = tally.known.counts[part][test]
    both = own = 0.0
    for bucket in tally.keys[part].buckets():
        both += _dot(bucket, known)
        own += _squares(bucket.counts)
    if not own or not len(known.keys):
        what = "BRICS fragment" if kind == "Frag" else "scaffold of 2 rings or more"
        return f"no {what} in {tally.known.sizes[test][0] if own else 'the samples'}"
    cosine = both / (np.sqrt(own) * np.sqrt(_squares(known.counts)))
    return Measurement(Estimate(min(1.0, float(cosine)), tally.counts["valid"]), None)  # rounding may exceed 1


def _dot(one: Counted, other: Counted) -> float:
    """The dot product of two vectors of counts."""
    _, here, there = np.intersect1d(one.keys, other.keys, assume_unique=True, return_indices=True)
    return float(one.counts[here].astype(np.float64) @ other.counts[there].astype(np.float64))


def _squares(counts: np.ndarray) -> float:
    """The sum of the squares of counts."""
    return float(np.square(counts.astype(np.float64)).sum())
