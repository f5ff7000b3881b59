"""Tanimoto similarities of packed fingerprints, compiled: nearest neighbors, and sums over all pairs.

Shapes: n and m fingerprints of W words of 64 bits. The similarity of two fingerprints without any bit is 1.
"""

from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from grae.compilation import compiled

ROWS = 256  # fingerprints per call


def _count_ones(context: Any, word: Any) -> Any:
    """The number of set bits in a word (population count)."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_ones: Any = intrinsic(_count_ones)


@compiled()
def _counts(prints):
    counts = np.zeros(prints.shape[0], np.int64)
    for row in range(prints.shape[0]):
        for word in range(prints.shape[1]):
            counts[row] += _ones(prints[row, word])
    return counts


@compiled()
def _nearest(prints, counts, others, other_counts, similarities):
    words = prints.shape[1]
    for row in range(prints.shape[0]):
        best_both, best_either = 0, 1  # compared as fractions, with one division per row
        for other in range(others.shape[0]):
            both = 0
            for word in range(words):
                both += _ones(prints[row, word] & others[other, word])
            either = counts[row] + other_counts[other] - both
            if either == 0:
                both, either = 1, 1
            if both * best_either > best_both * either:
                best_both, best_either = both, either
        similarities[row] = best_both / best_either


@compiled()
def _group_sums(prints, counts, others, other_counts, group, sums, squares):
    words = prints.shape[1]
    for row in range(prints.shape[0]):
        for other in range(others.shape[0]):
            both = 0
            for word in range(words):
                both += _ones(prints[row, word] & others[other, word])
            either = counts[row] + other_counts[other] - both
            similarity = both / either if either else 1.0
            sums[row, group[other]] += similarity
            squares[row, group[other]] += similarity * similarity


def nearest(prints: np.ndarray, others: np.ndarray, *, n_jobs: int = 1) -> np.ndarray:
    """The similarity of each fingerprint to its nearest neighbor among others.

    Args:
        prints: (n, W) uint64.
        others: (m, W) uint64.
        n_jobs: number of threads, as in joblib.

    Returns:
        (n,) float64; 0 where there are no others.
    """
    prints, others = _ready(prints), _ready(others)
    similarities = np.zeros(len(prints))
    counts, other_counts = _counts(prints), _counts(others)

    def one(rows: slice) -> None:
        _nearest(prints[rows], counts[rows], others, other_counts, similarities[rows])

    _spread(one, len(prints), n_jobs)
    return similarities


def group_sums(prints: np.ndarray, group: np.ndarray, groups: int, *, n_jobs: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the similarities, and of their squares, of each fingerprint to those of each group, itself included.

    Args:
        prints: (n, W) uint64.
        group: (n,) ints from 0, the group of each.
        groups: number of groups, G.
        n_jobs: number of threads, as in joblib.

    Returns:
        Two arrays (n, G) float64.
    """
    prints = _ready(prints)
    order = np.argsort(group, kind="stable")
    others, of_others = prints[order], np.asarray(group, np.int64)[order]
    counts, other_counts = _counts(prints), _counts(others)
    sums, squares = np.zeros((len(prints), groups)), np.zeros((len(prints), groups))

    def one(rows: slice) -> None:
        _group_sums(prints[rows], counts[rows], others, other_counts, of_others, sums[rows], squares[rows])

    _spread(one, len(prints), n_jobs)
    return sums, squares


def _spread(one: Any, n: int, n_jobs: int) -> None:
    """Calls `one` with parts of n rows, in threads; each call writes to its own rows."""
    parts = [slice(first, first + ROWS) for first in range(0, n, ROWS)]
    if effective_n_jobs(n_jobs) == 1 or len(parts) < 2:
        for rows in parts:
            one(rows)
    else:
        Parallel(n_jobs=n_jobs, prefer="threads")(delayed(one)(rows) for rows in parts)


def _ready(prints: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(prints, np.uint64)
