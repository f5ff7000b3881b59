"""The metrics of MOSES over sets of molecules: internal diversity, and distances to a reference.

Source: Polykovskiy et al., Frontiers in Pharmacology 11, 2020, and `moses/metrics` of molecularsets/moses, whose
definitions are followed exactly. All valid samples count, with duplicates.
"""

from collections.abc import Mapping

import numpy as np
from scipy import sparse
from scipy.stats import wasserstein_distance

from grae.evaluation.descriptions import Occurrences
from grae.evaluation.resampling import Interval, Subsamples, interval_of_subsamples
from grae.evaluation.tanimoto import group_sums

CHUNK = 25  # subsamples per batch

Found = tuple[float, Interval | None]


def internal_diversity(fingerprints: np.ndarray, halves: Subsamples | None, *, n_jobs: int = 1) -> tuple[Found, Found]:
    """IntDiv and IntDiv2: 1 - the mean over molecules of the mean similarity to all, itself included.

    IntDiv2 averages the root mean squared similarity of each molecule, as MOSES computes it (its paper defines a single
    root of the mean over all pairs).

    Args:
        fingerprints: (n, 16) uint64, n at least 1.
        halves: subsamples of the molecules, for intervals.
        n_jobs: number of threads, as in joblib.
    """
    n = len(fingerprints)
    group, groups = (np.zeros(n, np.int64), 1) if halves is None else (halves.group, halves.chosen.shape[1])
    intervals = []
    for sums, power in zip(group_sums(fingerprints, group, groups, n_jobs=n_jobs), (1, 2), strict=True):
        whole = max(0.0, 1 - float(np.mean((sums.sum(axis=1) / n) ** (1 / power))))

        def again(halves: Subsamples, sums: np.ndarray = sums, power: int = power) -> np.ndarray:
            diversities = np.empty(len(halves.chosen))
            for place, (half, size) in enumerate(zip(halves.chosen, halves.sizes, strict=True)):
                means = sums[half[halves.group]] @ half / size
                diversities[place] = 1 - np.mean(means ** (1 / power))
            return diversities

        intervals.append((whole, interval_of_subsamples(whole, halves, again, most=1)))
    return intervals[0], intervals[1]


def count_similarity(parts: Occurrences, reference: Mapping[str, int], halves: Subsamples | None) -> Found:
    """The cosine similarity of the counts of parts (fragments, scaffolds) in samples and in a reference.

    Args:
        parts: occurrences of parts in the samples, at least one.
        reference: counts by part, at least one.
        halves: subsamples of the samples, for intervals.
    """
    known = np.array([reference.get(name, 0) for name in parts.names], np.float64)
    norm = np.sqrt(sum(float(count) ** 2 for count in reference.values()))

    def cosine(counts: np.ndarray) -> np.ndarray:
        lengths = np.linalg.norm(counts, axis=-1)
        return np.divide(counts @ known, lengths * norm, out=np.full(lengths.shape, np.nan), where=lengths > 0)

    def again(halves: Subsamples) -> np.ndarray:
        groups = halves.chosen.shape[1]
        ones = np.ones(len(parts.rows))
        by_group = sparse.csr_array((ones, (halves.group[parts.rows], parts.columns)), (groups, len(parts.names)))
        batches = [
            cosine(halves.chosen[first : first + CHUNK].astype(np.float64) @ by_group)
            for first in range(0, len(halves.chosen), CHUNK)
        ]
        return np.concatenate(batches)

    whole = min(1.0, float(cosine(parts.counts.astype(np.float64))))  # rounding may exceed 1
    return whole, interval_of_subsamples(whole, halves, again, most=1)


def property_distance(values: np.ndarray, reference: np.ndarray, halves: Subsamples | None) -> Found:
    """The Wasserstein-1 distance between a property's values in samples (n,) and in a reference (m,)."""
    whole = float(wasserstein_distance(values, reference))
    return whole, interval_of_subsamples(
        whole, halves, lambda halves: _distances_of_subsamples(values, reference, halves)
    )


def _distances_of_subsamples(values: np.ndarray, reference: np.ndarray, halves: Subsamples) -> np.ndarray:
    """The distance of each subsample: the area between the two distribution functions."""
    everything = np.concatenate([values, reference])
    order = np.argsort(everything, kind="stable")
    steps = np.diff(everything[order])
    of_samples = order < len(values)
    below = np.cumsum(~of_samples)[:-1] / len(reference)
    group = halves.group[order[of_samples]]
    distances = np.empty(len(halves.chosen))
    counted = np.zeros(len(everything))
    for place, (half, size) in enumerate(zip(halves.chosen, halves.sizes, strict=True)):
        counted[of_samples] = half[group]
        distances[place] = np.abs(np.cumsum(counted)[:-1] / size - below) @ steps
    return distances
