"""Sparse rows of counts, and their min-max similarity."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from grae.compilation import compiled


class Counts(NamedTuple):
    """n rows of feature counts; features are identified by 64-bit keys.

    Attributes:
        keys: (entries,) uint64, ascending within a row.
        counts: (entries,) float64.
        offsets: (n + 1,) int64, where each row begins.
    """

    keys: np.ndarray
    counts: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def join(cls, parts: Sequence["Counts"]) -> "Counts":
        """The rows of several objects, one after the other."""
        lengths = np.concatenate([np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)])
        return cls(
            np.concatenate([np.empty(0, np.uint64), *(part.keys for part in parts)]),
            np.concatenate([np.empty(0), *(part.counts for part in parts)]),
            np.concatenate([[0], np.cumsum(lengths)]),
        )

    def rows(self, rows: np.ndarray) -> "Counts":
        """The rows with these (m,) numbers."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Counts(self.keys[places], self.counts[places], offsets)


def counted(keys: np.ndarray, owners: np.ndarray, n: int) -> Counts:
    """Rows of counts from single features.

    Args:
        keys: (features,) uint64; equal keys in a row are summed.
        owners: (features,) the row of each feature, from 0.
        n: number of rows.
    """
    order = np.lexsort((keys, owners))
    keys, owners = keys[order], owners[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    begins = np.flatnonzero(new)
    counts = np.diff(np.append(begins, len(keys))).astype(np.float64)
    return Counts(keys[begins], counts, np.searchsorted(owners[begins], np.arange(n + 1)).astype(np.int64))


def min_max_and_products(one: Counts, other: Counts) -> np.ndarray:
    """The min-max similarities and the inner products of rows (n) and rows (m), (n, m, 2) float64.

    The min-max similarity is the sum of the minima over that of the maxima; for sets it is the Tanimoto similarity. It
    is a kernel (Ralaivola et al., Neural Networks 18, 2005). Two rows without features have similarity 1.
    """
    columns = np.unique(other.keys)
    places = np.searchsorted(columns, one.keys)
    places[places == len(columns)] = 0
    known = columns[places] == one.keys if len(columns) else np.zeros(len(one.keys), bool)
    of_entries = np.searchsorted(columns, other.keys)
    order = np.argsort(of_entries, kind="stable")
    owners = np.repeat(np.arange(len(other)), np.diff(other.offsets))
    return _compared(
        np.where(known, places, -1),
        one.counts,
        one.offsets,
        owners[order],
        other.counts[order],
        np.searchsorted(of_entries[order], np.arange(len(columns) + 1)),
        len(other),
    )


@compiled()
def _compared(columns, counts, offsets, owners, other_counts, begins, m):
    """Compares rows with those of another object, given as an inverted index: the owners and counts of each feature."""
    n = len(offsets) - 1
    totals = np.zeros(m)
    for place in range(len(owners)):
        totals[owners[place]] += other_counts[place]
    out = np.zeros((n, m, 2))
    for row in range(n):
        total = 0.0
        for place in range(offsets[row], offsets[row + 1]):
            count = counts[place]
            total += count
            column = columns[place]
            if column >= 0:
                for entry in range(begins[column], begins[column + 1]):
                    out[row, owners[entry], 0] += min(other_counts[entry], count)
                    out[row, owners[entry], 1] += other_counts[entry] * count
        for other in range(m):
            shared = out[row, other, 0]
            either = total + totals[other] - shared
            out[row, other, 0] = shared / either if either > 0 else 1.0
    return out
