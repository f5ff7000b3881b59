"""Splitting a data set into training, validation and test rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grae.errors import DataError, SettingsError
from grae.files import read_tensors, write_tensors
from grae.grammar.codec import Derivations

ROWS_AT_ONCE = 65_536
REMEDY = "restore the file from a copy, or make the split anew with its seed (make_split)"
_FORMAT = "grae split 1"


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of a data set in the training, validation and test sets: a partition of all rows.

    Attributes:
        train: (n_train,) int64, ascending.
        validation: (n_validation,) int64, ascending.
        test: (n_test,) int64, ascending.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def __len__(self) -> int:
        return len(self.train) + len(self.validation) + len(self.test)

    @classmethod
    def drawn(cls, n: int, n_validation: int, seed: int) -> "Split":
        """A random split of n rows into training and validation rows."""
        order = np.random.default_rng(seed).permutation(n)
        return cls(np.sort(order[n_validation:]), np.sort(order[:n_validation]), np.empty(0, np.int64))

    def save(self, path: str | Path, *, small: bool = False) -> None:
        """Writes the split as a safetensors file, atomically.

        Args:
            path: the file.
            small: whether to omit the training rows, which are the complement of the others.

        Raises:
            RunError: the file cannot be written.
        """
        parts = {"validation": self.validation, "test": self.test}
        if small:
            parts = {name: rows.astype(np.uint32) for name, rows in parts.items()}
            return write_tensors(Path(path), parts, about={"format": _FORMAT, "rows": len(self)})
        write_tensors(Path(path), {"train": self.train, **parts}, about={"format": _FORMAT})

    @classmethod
    def load(cls, path: str | Path, *, remedy: str = REMEDY) -> "Split":
        """Reads a split written by `save`.

        Args:
            path: the file.
            remedy: remedy in its errors.

        Raises:
            RunError: the file is missing or damaged.
            DataError: it is not a split, or its parts are not a partition.
        """
        parts, about = read_tensors(Path(path), remedy=remedy)
        rows = about.get("rows")
        if about.get("format") == _FORMAT and set(parts) == {"validation", "test"} and isinstance(rows, int):
            held_back = np.concatenate(list(parts.values())).astype(np.int64)
            parts["train"] = np.setdiff1d(np.arange(max(0, rows)), held_back)
        if about.get("format") != _FORMAT or set(parts) != {"train", "validation", "test"}:
            raise DataError(f"{path} holds no split", remedy=remedy)
        if any(array.ndim != 1 or array.dtype.kind not in "iu" for array in parts.values()):
            raise DataError(f"{path} holds no row numbers", remedy=remedy)
        rows = np.sort(np.concatenate(list(parts.values())))
        if not np.array_equal(rows, np.arange(len(rows))):
            raise DataError(f"{path} holds rows twice or not at all", remedy=remedy)
        return cls(**{name: array.astype(np.int64) for name, array in parts.items()})


def make_split(
    derivations: Derivations, *, seed: int, validation: float = 0.05, test: float = 0.05, most: int | None = 5000
) -> Split:
    """Splits rows by a seeded hash of their derivations, so that equal strings are always in the same part.

    The part of a row depends only on its own string, the seed and the fractions, not on the other rows or their order.
    If a requested part would be empty, it gets the strings with the lowest hashes, as long as one is left for training.

    Args:
        derivations: derivations of the rows.
        seed: random seed.
        validation: share of the strings for validation, 0 to 1; approximate, since a hash decides.
        test: share of the strings for testing, likewise.
        most: approximate maximum number of rows for validation and for testing; None for no limit.

    Raises:
        SettingsError: the shares are negative or leave nothing to train on.
    """
    if validation < 0 or test < 0 or validation + test >= 1:
        raise SettingsError(
            f"a share of {validation} to validate on and {test} to test on leaves nothing to train on, or is negative",
            remedy="choose two shares from 0 whose sum is below 1",
        )
    n = len(derivations)
    limit = 1.0 if most is None else most / max(1, n)
    places = derivation_hashes(derivations, seed) / 2.0**64  # 0 <= place < 1
    ends = _part_ends(places, min(test, limit), min(validation, limit))
    part = np.searchsorted(ends, places, side="right")
    return Split(*(np.flatnonzero(part == number) for number in (2, 1, 0)))


def derivation_hashes(derivations: Derivations, seed: int) -> np.ndarray:
    """A 64-bit hash of each derivation, equal for equal derivations.

    The sum over steps of a mixed (production, step) pair, mixed again with the length, by the finalizer of SplitMix64
    (Steele, Lea and Flood, OOPSLA 2014).

    Args:
        derivations: n rows, read in chunks.
        seed: random seed.

    Returns:
        (n,) uint64.
    """
    salt = _mixed(np.array([seed % 2**64], np.uint64))
    hashes = np.empty(len(derivations), np.uint64)
    for first, ids, lengths in _pieces(derivations):
        begins = np.cumsum(lengths) - lengths
        steps = np.arange(len(ids)) - np.repeat(begins, lengths)
        pairs = _mixed((steps.astype(np.uint64) << np.uint64(32)) + ids + salt)
        sums = np.zeros(len(lengths), np.uint64)
        filled = lengths > 0
        if filled.any():
            sums[filled] = np.add.reduceat(pairs, begins[filled])
        hashes[first : first + len(lengths)] = _mixed(sums + lengths.astype(np.uint64) + salt)
    return hashes


def _pieces(derivations: Derivations) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """The rows in chunks: the number of the first row, their ids as uint64, and their lengths."""
    for first in range(0, len(derivations), ROWS_AT_ONCE):
        offsets = np.asarray(derivations.offsets[first : first + ROWS_AT_ONCE + 1])
        yield first, derivations.ids[offsets[0] : offsets[-1]].astype(np.uint64), np.diff(offsets)


def _mixed(values: np.ndarray) -> np.ndarray:
    """The next value of SplitMix64 from each state; overflow is intended."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _part_ends(places: np.ndarray, test: float, validation: float) -> np.ndarray:
    """Where on the unit interval the test part ends and where the validation part ends."""
    wanted = np.array([test, validation])
    ends = np.cumsum(wanted)
    counts = np.histogram(places, [0.0, *ends, 1.0])[0]
    if counts[2] and all(count or not share for count, share in zip(counts, wanted, strict=False)):
        return ends
    distinct = np.unique(places)
    spare = len(distinct) - 1
    n_validation = min(spare, 1 if validation else 0)
    n_test = min(spare - n_validation, 1 if test else 0) if spare > 0 else 0
    begins = np.append(distinct, 1.0)
    return begins[np.cumsum([n_test, n_validation])]
