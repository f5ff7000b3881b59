"""Tables of numbers with a header, one column of which is to be predicted from the others."""

from pathlib import Path

import numpy as np

from grae.datasets.readers import Source
from grae.datasets.sources import delimiter_named
from grae.datasets.tables import is_not_utf8
from grae.errors import DataError, shortened
from grae.formulas.data import Data, identifiers

REMEDY = "give a table of numbers with a header: CSV or TSV, one row per observation"


def read_data(path: str | Path, y: str | None = None, *, delimiter: str | None = None) -> Data:
    """Reads a table of numbers, as `Source` reads files.

    Args:
        path: path of the file; "-" for standard input.
        y: heading of the column to predict; by default the last.
        delimiter: column delimiter; by default the one that yields the column, or the most columns.

    Raises:
        DataError: no such file or column, fewer than two columns, or a cell that is empty, text, or not finite.
    """
    source = Source(path, format="csv", column=y, delimiter=delimiter_named(delimiter))
    header, rows = _table(source)
    duplicates = {name for name in header if header.count(name) > 1}
    if len(header) < 2 or duplicates:
        what = f"{len(header)} column" if len(header) < 2 else f"several columns named {sorted(duplicates)[0]!r}"
        raise DataError(f"data {source.name}: {what}", remedy="give two columns or more, each with a name of its own")
    if y is None:
        y = header[-1]
    if y not in header:
        raise DataError.unknown("column (--y)", y, header)
    values = np.array([_numbers(source.name, number, header, cells) for number, cells in rows], np.float64)
    if len(values) < 2:
        raise DataError(
            f"data {source.name}: {len(values)} rows below the header; at least 2 are needed", remedy=REMEDY
        )
    place = header.index(y)
    headings = tuple(name for name in header if name != y)
    return Data(identifiers(headings), np.delete(values, place, axis=1), values[:, place], y, headings)


def _table(source: Source) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a table, and its nonblank rows with their line numbers."""
    with source.open() as reading:
        rows = [(number, [cell.strip() for cell in cells]) for number, cells in reading.rows()]
    rows = [(number, cells) for number, cells in rows if any(cells)]
    if not rows:
        raise DataError(f"data {source.name}: it is empty", remedy=REMEDY)
    for number, cells in rows:
        if any(is_not_utf8(cell) for cell in cells):
            raise DataError(f"data {source.name}, line {number} is not UTF-8", remedy="save the table as UTF-8")
    (_, header), *rows = rows
    if all(_number(cell) is not None for cell in header):
        raise DataError(
            f"data {source.name}: the first row is {shortened(', '.join(header))}, numbers, not a header",
            remedy="name the columns in the first row",
        )
    return header, rows


def _numbers(place: str, line: int, header: list[str], cells: list[str]) -> list[float]:
    """The numbers of a row.

    Raises:
        DataError: a cell is not a number; with its line and column.
    """
    if len(cells) != len(header):
        raise DataError(f"data {place}, line {line}: {len(cells)} cells, expected {len(header)} as in the header")
    values: list[float] = []
    for name, cell in zip(header, cells, strict=True):
        value = _number(cell)
        if value is None or not np.isfinite(value):
            what = "a missing value" if not cell or value is not None else f"text, {shortened(cell)!r}"
            if cell.lower() in ("na", "n/a", "null", "none", "?"):
                what = "a missing value"
            raise DataError(
                f"data {place}, line {line}: column {name!r} has {what}; expected a finite number",
                remedy="fill in the value, or omit the row or the column",
            )
        values.append(value)
    return values


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python allows underscores in numbers; tables do not
    except ValueError:
        return None
