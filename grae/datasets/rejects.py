"""Lines that were not encoded: why, as an error, and as a table of tab-separated text."""

from typing import NamedTuple

from grae.datasets.readers import Source
from grae.errors import DataError, ParseError
from grae.grammar.cfg import Grammar

HEADING = b"line\treason\tstring\tdetail\n"
LONGEST = 1000  # characters of a string in the table


class Reject(NamedTuple):
    """A line that was not encoded.

    Attributes:
        line: its number in the file, from 1.
        text: the string as it stands there.
        reason: the kind of fault, such as "empty", "outside the grammar" or "too long"; what rejects are counted by.
        detail: where and why, in a sentence; "" where the reason says it all.
    """

    line: int
    text: str
    reason: str
    detail: str = ""


def reject_error(grammar: Grammar, source: Source, reject: Reject) -> DataError:
    """A reject as an error with the line's number and, where the grammar rejects it, a caret at the fault."""
    remedy = "correct the line, or leave such lines out (on_invalid='skip', or --on-invalid skip)"
    try:
        if reject.reason == "outside the grammar":
            grammar.parse(reject.text)
    except ParseError as error:
        return DataError(f"{source.name}, line {reject.line}: {error}", remedy=remedy)
    said = f": {reject.detail}" if reject.detail else ""
    return DataError(
        f"{source.name}, line {reject.line} is {reject.reason}{said}\n  {reject.text[:200]}", remedy=remedy
    )


def as_row(reject: Reject) -> bytes:
    """A line of the table, under `HEADING`."""
    shown = printable(reject)
    return f"{shown.line}\t{shown.reason}\t{shown.text}\t{shown.detail}\n".encode()


def printable(reject: Reject) -> Reject:
    """A reject that fits on a line of a table of UTF-8 text."""
    text = reject.text if len(reject.text) <= LONGEST else f"{reject.text[:LONGEST]}..."
    return reject._replace(text=_escaped(text), detail=_escaped(reject.detail))


def _escaped(text: str) -> str:
    """Bytes that are not UTF-8 as escapes; tabs and line ends as spaces."""
    spaced = " ".join(text.splitlines()).replace("\t", " ")
    return spaced.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
