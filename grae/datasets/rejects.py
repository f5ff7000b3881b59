"""Lines that were not encoded: the reason as an error, and as a table of tab-separated text."""

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
        text: the string as given.
        reason: the kind of fault, such as "empty", "outside the grammar" or "too long", by which rejects are counted.
        detail: where and why, in one sentence; "" if the reason is sufficient.
    """

    line: int
    text: str
    reason: str
    detail: str = ""


def reject_error(grammar: Grammar, source: Source, reject: Reject) -> DataError:
    """A reject as an error with the line number and, if it is outside the grammar, a caret at the fault."""
    remedy = "correct the line, or skip such lines (on_invalid='skip', or --on-invalid skip)"
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
    """A reject as one line of a table in UTF-8."""
    text = reject.text if len(reject.text) <= LONGEST else f"{reject.text[:LONGEST]}..."
    return reject._replace(text=_escaped(text), detail=_escaped(reject.detail))


def _escaped(text: str) -> str:
    """Bytes that are not UTF-8 as escapes; tabs and line ends as spaces."""
    spaced = " ".join(text.splitlines()).replace("\t", " ")
    return spaced.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
