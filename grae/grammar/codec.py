"""Strings to arrays of production ids and back, in batches.

Derivations differ in length, so a batch is one flat array of ids plus the offsets at which the derivations begin.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from joblib import Parallel, delayed

from grae.errors import DataError, GraeError, ParseError

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar
    from grae.grammar.parser import Parsed, Parser

BATCH = 4096  # strings per compiled call
IN_NO_LANGUAGE = "\udfff"  # a lone surrogate, which no grammar file can contain
NO_STRING, EMPTY, OUTSIDE, TOO_LONG = "not a string", "empty", "outside the grammar", "too long"


@dataclass(frozen=True, slots=True, eq=False)
class Derivations(Sequence[np.ndarray]):
    """Leftmost derivations; the arrays may be memory-mapped, in which case only the accessed parts are read.

    Attributes:
        ids: (sum of lengths,) unsigned integers, the production ids of all derivations, one after the other.
        offsets: (n + 1,) int64, where each derivation begins in `ids`; the last entry is the end of the last one.
    """

    ids: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_list(cls, derivations: Iterable[np.ndarray | Sequence[int]], dtype: np.dtype | type) -> "Derivations":
        """Joins derivations, each of shape (T,), into one array of the given dtype."""
        arrays = [np.asarray(derivation, dtype) for derivation in derivations]
        return cls(np.concatenate([np.empty(0, dtype), *arrays]), _offsets([len(array) for array in arrays]))

    @classmethod
    def concatenate(cls, parts: Sequence["Derivations"], dtype: np.dtype | type) -> "Derivations":
        """The derivations of all parts, one after the other, with ids of the given dtype."""
        ids = [np.asarray(part.ids[part.offsets[0] : part.offsets[-1]], dtype) for part in parts]
        lengths = [part.lengths for part in parts]
        return cls(
            np.concatenate([np.empty(0, dtype), *ids]), _offsets(np.concatenate([np.empty(0, np.int64), *lengths]))
        )

    @property
    def lengths(self) -> np.ndarray:
        """The number of productions of each derivation, (n,) int64."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, key: int | np.integer) -> np.ndarray: ...
    @overload
    def __getitem__(self, key: slice | np.ndarray | Sequence[int]) -> "Derivations": ...
    def __getitem__(self, key):
        """One derivation as a view, shape (T,); or those of a slice, or of an array of row numbers or booleans.

        Raises:
            IndexError: there is no such row.
        """
        if isinstance(key, (int, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"no row {key} among {len(self)} derivations")
            row = int(key) % len(self)
            return self.ids[self.offsets[row] : self.offsets[row + 1]]
        if isinstance(key, slice):
            first, last, step = key.indices(len(self))
            if step == 1:
                offsets = self.offsets[first : max(first, last) + 1]
                return Derivations(self.ids[offsets[0] : offsets[-1]], offsets - offsets[0])
        rows = np.arange(len(self))[key]
        offsets = _offsets(self.offsets[rows + 1] - self.offsets[rows])
        return Derivations(self.ids[self._places(rows)], offsets)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[row] for row in range(len(self)))

    def padded(self, rows: np.ndarray | Sequence[int], pad: int, length: int | None = None) -> np.ndarray:
        """Derivations as a rectangle, padded at the end.

        Args:
            rows: row numbers, shape (B,).
            pad: id of the padding.
            length: T; by default that of the longest row.

        Returns:
            Shape (B, T), dtype of `ids`.

        Raises:
            ValueError: a row is longer than `length`.
        """
        rows = np.asarray(rows, np.int64)
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        longest = int(lengths.max(initial=0))
        length = longest if length is None else length
        if longest > length:
            raise ValueError(f"a derivation of {longest} productions does not fit into {length}")
        table = np.full((len(rows), length), pad, self.ids.dtype)
        table[np.arange(length) < lengths[:, None]] = self.ids[self._places(rows)]
        return table

    def _places(self, rows: np.ndarray) -> np.ndarray:
        """Positions in `ids` of the productions of the given rows, row by row."""
        begins = np.asarray(self.offsets)[rows]
        lengths = np.asarray(self.offsets)[rows + 1] - begins
        before = np.cumsum(lengths) - lengths
        return np.repeat(begins - before, lengths) + np.arange(lengths.sum())


@dataclass(frozen=True, slots=True)
class Rejection:
    """A string that was not encoded.

    Attributes:
        row: its index among the given strings, from 0.
        text: the string.
        reason: "not a string", "empty", "outside the grammar" or "too long".
        detail: where and why, in one sentence.
    """

    row: int
    text: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded strings.

    Attributes:
        derivations: derivations of the strings that could be encoded.
        rows: (n,) int64, the index of each among the given strings.
        rejections: the other strings, in order.
    """

    derivations: Derivations
    rows: np.ndarray
    rejections: list[Rejection]


def parse_many(parser: "Parser", texts: Iterable[str], *, n_jobs: int = 1) -> tuple[Derivations, list[Rejection]]:
    """Parses strings in threads; the compiled parser releases the interpreter lock.

    Args:
        parser: the grammar's parser.
        texts: the strings; anything else is rejected.
        n_jobs: number of threads, as in joblib.

    Returns:
        A derivation per text, empty where the text was rejected, and the rejections.
    """
    if n_jobs == 1:
        chunks = [_parse_chunk(parser, chunk, row) for row, chunk in _chunks(texts)]
    else:
        work = (delayed(_parse_chunk)(parser, chunk, row) for row, chunk in _chunks(texts))
        chunks = [done for done in Parallel(n_jobs=n_jobs, prefer="threads")(work) if done is not None]
    ids = np.concatenate([np.empty(0, parser.grammar.dtype), *(parsed.ids for parsed, _ in chunks)])
    lengths = np.concatenate([np.empty(0, np.int64), *(np.diff(parsed.offsets) for parsed, _ in chunks)])
    return Derivations(ids, _offsets(lengths)), [rejection for _, some in chunks for rejection in some]


def encode(
    grammar: "Grammar",
    texts: Iterable[str],
    *,
    max_length: int | None = None,
    on_invalid: Literal["error", "skip"] = "error",
    n_jobs: int = 1,
) -> Encoded:
    """Encodes strings as leftmost derivations.

    Args:
        grammar: the grammar of the strings.
        texts: the strings.
        max_length: maximum number of productions per derivation.
        on_invalid: "error" raises at the first string that cannot be encoded; "skip" leaves such strings out and
            reports them.
        n_jobs: number of threads, as in joblib.

    Raises:
        ParseError: a string is not in the language, under "error".
        DataError: something is not a string, or too long, under "error".
    """
    texts = list(texts)
    derivations, rejections = parse_many(grammar.parser, texts, n_jobs=n_jobs)
    if max_length is not None:
        for row in np.flatnonzero(derivations.lengths > max_length).tolist():
            detail = f"its derivation has {derivations.lengths[row]} productions, more than {max_length}"
            rejections.append(Rejection(row, texts[row], TOO_LONG, detail))
        rejections.sort(key=lambda rejection: rejection.row)
    if on_invalid == "error" and rejections:
        raise _error(grammar.parser, rejections[0], len(texts))
    valid = np.ones(len(derivations), bool)
    valid[[rejection.row for rejection in rejections]] = False
    return Encoded(derivations[valid], np.flatnonzero(valid), rejections)


def decode(grammar: "Grammar", derivations: Derivations) -> list[str]:
    """The strings of leftmost derivations.

    Raises:
        DerivationError: a row is not a complete leftmost derivation of the grammar.
    """
    texts: list[str] = []
    for first in range(0, len(derivations), BATCH):
        batch = derivations[first : first + BATCH]
        texts += grammar.unparser.unparse_batch(batch.ids, batch.offsets, first)
    return texts


def _chunks(texts: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The texts in chunks of `BATCH`, each with the index of its first text."""
    texts = iter(texts)
    first = 0
    while chunk := list(islice(texts, BATCH)):
        yield first, chunk
        first += len(chunk)


def _parse_chunk(parser: "Parser", texts: list[str], first: int) -> "tuple[Parsed, list[Rejection]]":
    """Parses a chunk of texts, the first of which has the index `first`."""
    strange = {row for row, text in enumerate(texts) if not isinstance(text, str)}
    parsed = parser.parse_batch([IN_NO_LANGUAGE if row in strange else text for row, text in enumerate(texts)])
    if not strange and parsed.ok.all():
        return parsed, []
    rejections = []
    for row, text in enumerate(texts):
        if row in strange:
            rejections.append(Rejection(first + row, str(text), NO_STRING, f"its type is {type(text).__name__}"))
        elif not parsed.ok[row]:
            error = parser.error(text)
            detail = f"{error.reason} at position {error.position}"
            rejections.append(Rejection(first + row, text, OUTSIDE if text.strip() else EMPTY, detail))
    return parsed, rejections


def string_of(row: int, n: int) -> str:
    """How messages refer to one of n strings."""
    return "the string" if n == 1 else f"string {row}"


def remedy_of(n: int) -> str:
    """What to do about an invalid one of n strings."""
    return "correct it" + ("" if n == 1 else ", or skip such strings (on_invalid='skip', or --on-invalid skip)")


def _error(parser: "Parser", rejection: Rejection, n: int) -> GraeError:
    """The rejection of one of n strings as an error."""
    where, remedy = string_of(rejection.row, n), remedy_of(n)
    if rejection.reason in (NO_STRING, TOO_LONG):
        return DataError(f"{where} is {rejection.reason}: {rejection.detail}", remedy=remedy)
    error = parser.error(rejection.text)
    reason = f"{where}: {error.reason}"
    return ParseError(error.text, error.position, error.expected, reason=reason, remedy=remedy)


def _offsets(lengths: np.ndarray | Sequence[int]) -> np.ndarray:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
