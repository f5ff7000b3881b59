"""Strings of a data set by name, of a file, or of standard input."""

from difflib import get_close_matches
from pathlib import Path

from grae.datasets.fetching import fetch
from grae.datasets.fitting import fitted
from grae.datasets.readers import STDIN, Source
from grae.datasets.registry import entries
from grae.errors import DataError, shortened
from grae.grammar.cfg import Grammar
from grae.paths import exists

NAMED_MARKS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}


DIGITS = 9  # maximum length of a column's number; longer ones are names


def open_source(
    data: str | Path,
    *,
    column: str | int | None = None,
    member: str | None = None,
    delimiter: str | None = None,
    grammar: Grammar | None = None,
) -> Source:
    """The strings of a named data set (downloaded if necessary), of a file, or of standard input.

    Args:
        data: a name in the registry, a path, or "-".
        column: column of a table: its name, or its number from 0.
        member: member of a tar archive.
        delimiter: column delimiter of a table; by default detected.
        grammar: the grammar of the strings, if known: it helps to tell strings from headings and names of molecules.

    Raises:
        DataError: there is no such data set or file, or it cannot be downloaded.
    """
    if isinstance(column, str) and column.isascii() and column.isdecimal() and len(column) <= DIGITS:
        column = int(column)
    delimiter = delimiter_named(delimiter)
    if (known := entries().get(str(data))) is not None:
        reader = known.reader if column is None else known.reader.model_copy(update={"column": column})
        return Source(fetch(known.name), **reader.model_dump(), name=known.name)
    if str(data) != STDIN and not exists(Path(data)) and not Path(data).suffix and len(Path(data).parts) == 1:
        near = get_close_matches(str(data), entries(), n=1)
        raise DataError(
            f"{shortened(repr(str(data)))} is neither a data set nor a file; data sets: {', '.join(entries())}",
            remedy=f"did you mean {near[0]!r}?" if near else "give one of these names, a file, or - for standard input",
        )
    source = Source(data if str(data) == STDIN else Path(data), column=column, member=member, delimiter=delimiter)
    return source if grammar is None else fitted(source, grammar)


def delimiter_named(delimiter: str | None) -> str | None:
    """A delimiter as one character. Raises DataError."""
    mark = NAMED_MARKS.get(delimiter or "", delimiter)
    if mark is not None and (len(mark) != 1 or mark in '"\r\n'):
        raise DataError(
            f"delimiter {shortened(repr(delimiter))}; expected one character, or {', '.join(NAMED_MARKS)}",
            remedy="omit it to have it detected",
        )
    return mark
