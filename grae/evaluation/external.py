"""Multisets of 64-bit keys on disk, sorted bucket by bucket: distinct strings, counts and distributions of any size.

Only a few hundred thousand keys are held in memory, and one of 256 buckets at a time when they are read.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

import numpy as np

BUCKETS = 256
IN_MEMORY = 1 << 18  # keys; more are written to disk
UNIFORM = np.arange(1, BUCKETS, dtype=np.uint64) << np.uint64(56)
_SIGN = np.uint64(1 << 63)


class Counted(NamedTuple):
    """Distinct keys, ascending, and how often each occurs.

    Attributes:
        keys: (k,) uint64.
        counts: (k,) int64.
    """

    keys: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, counts: np.ndarray | None = None) -> Self:
        """Counts keys (n,) uint64, with multiplicities `counts` (n,), or once each."""
        distinct, places = np.unique(keys, return_inverse=True)
        totals = np.zeros(len(distinct), np.int64)
        np.add.at(totals, places, 1 if counts is None else counts)
        return cls(distinct, totals)


class Keys:
    """A multiset of keys, uint64. To be used in a `with` statement, so that its files are removed.

    Args:
        edges: (255,) uint64, ascending: lower bounds of all buckets but the first. Buckets should hold about equal
            numbers of keys; the default is for hashes, which are uniform.
    """

    def __init__(self, edges: np.ndarray = UNIFORM) -> None:
        self.edges = edges
        self._recent: list[Counted] = []
        self._n_recent = 0
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, keys: np.ndarray, counts: np.ndarray | None = None) -> None:
        """Adds keys (n,) uint64, with multiplicities `counts` (n,), or once each."""
        self._recent.append(Counted.of(keys, counts))
        self._n_recent += len(self._recent[-1].keys)
        if self._n_recent > IN_MEMORY:
            self._spill()

    def buckets(self) -> Iterator[Counted]:
        """The keys of each bucket; all buckets together are ascending."""
        for place, recent in enumerate(self._recent_buckets()):
            path = self._path(place)
            if path is None or not path.is_file():
                yield recent
                continue
            stored = np.fromfile(path, np.uint64).reshape(-1, 2)
            counts = np.concatenate([stored[:, 1].astype(np.int64), recent.counts])
            yield Counted.of(np.concatenate([stored[:, 0], recent.keys]), counts)

    def count_distinct(self) -> int:
        """The number of distinct keys."""
        return sum(len(bucket.keys) for bucket in self.buckets())

    def common(self, other: "Keys") -> Iterator[np.ndarray]:
        """The distinct keys of each bucket that another multiset with the same edges also contains."""
        for own, others in zip(self.buckets(), other.buckets(), strict=True):
            yield np.intersect1d(own.keys, others.keys, assume_unique=True)

    def _recent_buckets(self) -> Iterator[Counted]:
        keys = np.concatenate([np.empty(0, np.uint64), *(recent.keys for recent in self._recent)])
        recent = Counted.of(keys, np.concatenate([np.empty(0, np.int64), *(recent.counts for recent in self._recent)]))
        places = np.searchsorted(recent.keys, self.edges)
        return map(Counted, np.split(recent.keys, places), np.split(recent.counts, places))

    def _spill(self) -> None:
        """Writes the recent keys to their buckets on disk, as pairs of key and count."""
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="grae-keys-")
        for place, bucket in enumerate(self._recent_buckets()):
            path = self._path(place)
            if len(bucket.keys) and path is not None:
                with path.open("ab") as file:
                    file.write(np.column_stack([bucket.keys, bucket.counts.astype(np.uint64)]).tobytes())
        self._recent, self._n_recent = [], 0

    def _path(self, place: int) -> Path | None:
        return None if self._folder is None else Path(self._folder.name) / str(place)


def hashes_of(texts: Iterable[str]) -> np.ndarray:
    """64-bit hashes of strings (BLAKE2b), (n,) uint64.

    The probability that two of n distinct strings collide is n^2 / 2^65: 3 in a million for ten million strings.
    """
    digests = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest() for text in texts
    )
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def keys_of(values: np.ndarray) -> np.ndarray:
    """Order-preserving keys of finite numbers: (n,) float64 to (n,) uint64."""
    bits = (np.ascontiguousarray(values, np.float64) + 0.0).view(np.uint64)  # -0.0 is 0.0
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def values_of(keys: np.ndarray) -> np.ndarray:
    """The inverse of `keys_of`."""
    return np.where(keys & _SIGN, keys & ~_SIGN, ~keys).view(np.float64)


def edges_of(values: np.ndarray) -> np.ndarray:
    """Edges of buckets that hold equal numbers of the values (m,), m at least 1."""
    places = np.arange(1, BUCKETS) * len(values) // BUCKETS
    return np.sort(keys_of(values))[places]


def wasserstein(samples: Keys, reference: np.ndarray) -> float:
    """The Wasserstein-1 distance between numbers, as `scipy.stats.wasserstein_distance`.

    Args:
        samples: `keys_of` at least one number.
        reference: (m,) float64, m at least 1.
    """
    ordered = np.sort(keys_of(reference))
    parts = np.split(ordered, np.searchsorted(ordered, samples.edges))
    n = sum(int(bucket.counts.sum()) for bucket in samples.buckets())
    below, below_reference, last, distance = 0, 0, 0.0, 0.0
    for own, others in zip(samples.buckets(), parts, strict=True):
        if not len(own.keys) and not len(others):
            continue
        both = np.union1d(own.keys, others)
        values = values_of(both)
        if below or below_reference:
            distance += abs(below / n - below_reference / len(reference)) * float(values[0] - last)
        totals = below + np.concatenate([[0], np.cumsum(own.counts)])
        share = totals[np.searchsorted(own.keys, both[:-1], side="right")] / n
        known = (below_reference + np.searchsorted(others, both[:-1], side="right")) / len(reference)
        distance += float(np.abs(share - known) @ np.diff(values))
        below, below_reference, last = int(totals[-1]), below_reference + len(others), float(values[-1])
    return distance
