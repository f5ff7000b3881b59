"""The history of a search: one line of history.jsonl per scored string, written before the next one is scored."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae import files
from grae.errors import RunError
from grae.targets.target import Direction

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "give the folder of a search made by `grae optimize`, or restore the file from a copy"
LARGEST = sys.float_info.max
MOST_TOLD = 60  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Record:
    """One evaluation of the target.

    Attributes:
        round: its round, from 0.
        code: the latent code of the score, (D,) in the model's own coordinates; empty if the model cannot encode the
            string.
        string: the scored string; None if the code decoded to no valid string.
        score: finite; None for an invalid string and for a failed call.
        valid: whether the target returned a score.
        attempts: number of codes decoded, or strings generated, to find the string.
        decoded_valid: number of these attempts that gave a valid string.
        seconds: duration of the call; 0 without a call.
        repeated: whether the score is that of an earlier record of the same string, so that the target was not called.
        error: why the target returned no score; None if it did.
        proposer: its proposer: "latent", "derivation" or "density"; None for a strategy with a single one.
        scores: scores of the objectives, by name, which `score` combines; None for a single objective.
        numbers: the values used in the search's condition, by name; None without a condition.
        fulfilled: whether the string fulfils the condition; None without one.
    """

    round: int
    code: tuple[float, ...]
    string: str | None
    score: float | None
    valid: bool
    attempts: int
    decoded_valid: int
    seconds: float
    repeated: bool = False
    error: str | None = None
    proposer: str | None = None
    scores: dict[str, float | None] | None = None
    numbers: dict[str, float | None] | None = None
    fulfilled: bool | None = None

    def __repr__(self) -> str:
        """One line, without the code."""
        failed = "" if self.error is None else f", error={shortened(self.error)}"
        repeated = ", repeated=True" if self.repeated else ""
        return f"Record(round={self.round}, score={self.score}, string={self.string!r}{repeated}{failed})"


class History:
    """The records of a search, in memory and, if there is a file, on disk.

    Args:
        path: the file; None keeps them in memory only.
        direction: direction of improvement.
    """

    def __init__(self, path: Path | None, direction: Direction) -> None:
        self.path = path
        self.direction = direction
        self.records: list[Record] = []

    @classmethod
    def read(cls, path: Path, direction: Direction) -> "History":
        """The history in a file, which may not exist yet; an incomplete last line is ignored.

        Raises:
            RunError: a line is not a record.
        """
        history = cls(path, direction)
        if path.is_file():
            lines = files.read_jsonl(path, remedy=REMEDY)
            history.records = [_record(path, number, line) for number, line in enumerate(lines, start=1)]
        return history

    def check_width(self, width: int) -> None:
        """Checks that the codes have the width of a model's.

        Args:
            width: latent dimension of the model, D.

        Raises:
            RunError: a record has a code of another width.
        """
        for number, record in enumerate(self.records, start=1):
            if record.code and len(record.code) != width:  # no code: the model cannot encode the string
                raise RunError(
                    f"{self.path} line {number}: code holds {len(record.code):,} numbers, expected {width}, as the "
                    "model's codes have",
                    remedy=REMEDY,
                )

    def append(self, record: Record) -> None:
        """Adds a record; it is on disk when this returns.

        Raises:
            RunError: the file cannot be written.
        """
        if self.path is not None:
            files.append_jsonl(self.path, asdict(record))
        self.records.append(record)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def of_round(self, number: int) -> list[Record]:
        """The records of one round, in order."""
        return [record for record in self.records if record.round == number]

    @property
    def best(self) -> list[Record]:
        """The valid records, best first, each string once; of ties, the earlier one first.

        Records that do not fulfil the condition come last.
        """
        sign = 1 if self.direction == "minimize" else -1
        ranked = sorted(
            (record for record in self.records if record.valid),
            key=lambda record: (record.fulfilled is False, sign * _score(record)),
        )
        first: dict[str | None, Record] = {}
        for record in ranked:
            first.setdefault(record.string, record)
        return list(first.values())

    @property
    def best_so_far(self) -> np.ndarray:
        """The best score so far after each evaluation, (n,) float64; NaN before the first one.

        Only valid records that fulfil the condition count.
        """
        scores = np.array(
            [np.nan if record.score is None or record.fulfilled is False else record.score for record in self.records],
            np.float64,
        )
        best = np.fmin if self.direction == "minimize" else np.fmax
        return best.accumulate(scores)

    def __repr__(self) -> str:
        best = "" if not self.best else f", best {self.best[0].score:.6g}"
        place = "" if self.path is None else f", {self.path}"
        return f"History({len(self):,} records{best}, {self.direction}{place})"

    def frame(self, *, codes: bool = False) -> "pd.DataFrame":
        """One row per record, with the attributes of `Record` as columns; a column per name of `scores` and `numbers`.

        Args:
            codes: whether to include the column of latent codes, tuples of D numbers.
        """
        import pandas as pd

        left_out = {"scores", "numbers", *(() if codes else ("code",))}
        more = [(record.scores or {}) | (record.numbers or {}) for record in self.records]
        numbers = list(dict.fromkeys(name for some in more for name in some))
        if all(record.fulfilled is None for record in self.records):
            left_out.add("fulfilled")
        names = [field.name for field in fields(Record) if field.name not in left_out]
        rows = [
            [*(getattr(record, name) for name in names), *(some.get(name) for name in numbers)]
            for record, some in zip(self.records, more, strict=True)
        ]
        return pd.DataFrame(rows, columns=[*names, *numbers])


def scores_of(records: Sequence[Record], worst: float) -> np.ndarray:
    """The scores of records, (n,) float64; `worst` for records without a score."""
    return np.array([worst if record.score is None else record.score for record in records], np.float64)


def _score(record: Record) -> float:
    return np.nan if record.score is None else record.score


def _record(path: Path, number: int, line: Any) -> Record:
    """The record in a line of JSON.

    Raises:
        RunError: the line is not a record, or a value in it is not valid.
    """
    held = f"{path} line {number}"
    if isinstance(line, dict):
        line = {**_LATER, **line}
    if not isinstance(line, dict) or line.keys() != _FIELDS.keys():
        raise RunError(f"{held} is not a scored string: expected the keys {', '.join(_FIELDS)}", remedy=REMEDY)
    for name, (fits, expected) in _FIELDS.items():
        if not fits(line[name]):
            raise RunError(f"{held}: {name} is {shortened(line[name])}, expected {expected}", remedy=REMEDY)
    return Record(**{**line, "code": tuple(map(float, line["code"]))})


def is_number(value: object) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_count(value: object) -> bool:
    """Whether a JSON value is an integer of at least 0."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def is_text(value: object) -> bool:
    """Whether a JSON value is text that can be encoded; a lone surrogate cannot."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_numbers(value: object) -> bool:
    """Whether a JSON value is an object of finite numbers or nulls."""
    return isinstance(value, dict) and all(number is None or is_number(number) for number in value.values())


def shortened(value: object) -> str:
    """A value as shown in messages."""
    text = ascii(value) if not isinstance(value, int) or abs(value) < 2**64 else "a huge number"
    return text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}..."


def _or_null(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


_LATER = {"proposer": None, "scores": None, "numbers": None, "fulfilled": None}
"""Defaults of the keys that earlier versions did not write."""
_BOOLEAN = (lambda value: isinstance(value, bool), "true or false")
_COUNT = (is_count, "a whole number of at least 0")
_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "round": _COUNT,
    "code": (lambda value: isinstance(value, list) and all(map(is_number, value)), "a list of finite numbers"),
    "string": (_or_null(is_text), "text or null"),
    "score": (_or_null(is_number), "a finite number or null"),
    "valid": _BOOLEAN,
    "attempts": _COUNT,
    "decoded_valid": _COUNT,
    "seconds": (is_number, "a finite number"),
    "repeated": _BOOLEAN,
    "error": (_or_null(is_text), "text or null"),
    "proposer": (_or_null(is_text), "text or null"),
    "scores": (_or_null(is_numbers), "an object of numbers or null"),
    "numbers": (_or_null(is_numbers), "an object of numbers or null"),
    "fulfilled": (_or_null(lambda value: isinstance(value, bool)), "true, false or null"),
}
assert list(_FIELDS) == [field.name for field in fields(Record)]
