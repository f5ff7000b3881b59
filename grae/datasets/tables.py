"""Tables of text (CSV, TSV): the delimiter, and the column that holds the strings."""

import csv
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import chain
from typing import NamedTuple

from grae.errors import DataError, shortened

BLANK_ROW = "blank row"  # the fault of an empty line, without even an empty string in quotes
NO_SUCH_COLUMN = "no such column in the row"
USUAL_COLUMNS = ("smiles", "canonical_smiles", "expression", "string", "text")
DELIMITERS = ",\t;|"
SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""A first line that tells spreadsheets the delimiter."""


class Table(NamedTuple):
    """How a table is read.

    Attributes:
        name: its name in messages.
        column: the column of strings: its name, or its number from 0; None for the only one or one of the usual names.
        header: whether the first row names the columns; None for yes, unless the column is given as a number and the
            row has none of the usual names.
        delimiter: column delimiter; None to detect it.
    """

    name: str
    column: str | int | None = None
    header: bool | None = None
    delimiter: str | None = None

    @property
    def has_header(self) -> bool:
        """Whether the first row names the columns."""
        return self.header if self.header is not None else not isinstance(self.column, int)

    def rows(self, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        """The rows, including the header: the number of the line that each ends on, from 1, and its cells.

        Args:
            lines: physical lines with their line ends.

        Raises:
            DataError: the quotes do not match.
        """
        blank: list[str] = []  # lines above the first row, which determines the delimiter
        first = None
        for first in lines:
            if first.strip():
                break
            blank.append(first)
        if first is None:
            return
        delimiter = self.delimiter_of(first)
        stated = SEPARATOR.fullmatch(first)
        if stated is not None:
            delimiter = stated[1]
        rows = csv.reader(chain(blank, [first] if first.strip() else [], lines), delimiter=delimiter)
        above = len(blank) + 1 if stated is not None else 0
        try:
            for row in rows:
                if rows.line_num > above:
                    yield rows.line_num, row
        except csv.Error as error:
            raise DataError(
                f"{self.name}, line {rows.line_num}: {error}",
                remedy="check the quotes of the table near that line",
            ) from error

    def cells(self, lines: Iterator[str]) -> Iterator[tuple[int, str, str]]:
        """The strings of the column: the line number, the string, and why there is none ("" if there is one).

        Args:
            lines: physical lines with their line ends.

        Raises:
            DataError: there is no such column, or the quotes do not match.
        """
        place: int | None = None
        for number, row in self.rows(lines):
            if place is None and any(map(str.strip, row)):
                place = self._place(row if self.has_header else None)
                if self.has_header:
                    continue
                if place >= len(row):
                    raise self._no_column(place, None, len(row))
                if self.header is None and row[place].strip().lower() in USUAL_COLUMNS:
                    continue  # a heading after all
            if place is None:  # a blank line above the first row
                if not self.has_header:
                    yield number, "", BLANK_ROW
            elif len(row) > place:
                yield number, row[place].strip(), ""
            else:
                yield number, "", NO_SUCH_COLUMN if row else BLANK_ROW

    def delimiter_of(self, first: str) -> str:
        """The requested delimiter, else the one with which the first line has the column.

        Of several, it is the one that gives the most columns; delimiters inside quotes do not count.
        """
        if self.delimiter is not None:
            return self.delimiter
        cells = {mark: _split(first, mark) for mark in DELIMITERS}
        fitting = [mark for mark in DELIMITERS if self._fits(cells[mark])]
        return max(fitting or DELIMITERS, key=lambda mark: len(cells[mark]))

    def _fits(self, cells: list[str]) -> bool:
        """Whether these cells of the first line have the requested column, or one of the usual names."""
        if isinstance(self.column, int):
            return len(cells) > self.column
        if not self.has_header:
            return False
        return self.column in cells if self.column is not None else any(c.lower() in USUAL_COLUMNS for c in cells)

    def _place(self, names: list[str] | None) -> int:
        """The index of the column, found by the names of the columns if they have any."""
        names = None if names is None else [name.strip() for name in names]
        wanted = self.column
        if isinstance(wanted, int):
            if wanted < 0 or (names is not None and wanted >= len(names)):
                raise self._no_column(wanted, names)
            return wanted
        if names is None:
            if wanted is None:
                return 0
            raise DataError(
                f"{self.name} is read without a header, so it has no column {shortened(repr(wanted))}",
                remedy="give its number, from 0",
            )
        if wanted is not None:
            if wanted in names:
                return names.index(wanted)
            raise self._no_column(wanted, names)
        if len(names) == 1:
            return 0
        usual = [place for place, name in enumerate(names) if name.lower() in USUAL_COLUMNS]
        if len(usual) == 1:
            return usual[0]
        raise DataError(
            f"{self.name} has {len(names)} columns: {_listed(names)}",
            remedy="name the one with the strings (--column NAME; its number, from 0, if the first line is not a "
            "heading); --delimiter sets what stands between the columns",
        )

    def _no_column(self, wanted: str | int, names: list[str] | None, width: int | None = None) -> DataError:
        """The error of a missing column, with the names of the existing ones, or their number."""
        has = "" if names is None else f"; it has {_listed(names)}"
        if width is not None:
            has = f": its first line has {width}, numbered from 0"
        if any(map(is_not_utf8, names or [])):
            return DataError(f"{self.name} has no column {shortened(repr(wanted))}{has}", remedy="save it as UTF-8")
        lowered = {name.lower(): name for name in names or []}
        near = [lowered[name] for name in get_close_matches(str(wanted).lower(), lowered, n=1)]
        remedy = (
            f"did you mean {near[0]!r}?"
            if near
            else "name one of its columns (--column NAME), or give its number, from 0"
        )
        return DataError(f"{self.name} has no column {shortened(repr(wanted))}{has}", remedy=remedy)


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(shortened(repr(name)) for name in names[:20]) + (", ..." if len(names) > 20 else "")


def is_not_utf8(text: str) -> bool:
    """Whether a text was read from bytes that are not UTF-8, each of which is now a lone surrogate."""
    return any("\ud800" <= character <= "\udfff" for character in text)
