"""Data for formulas: a table of numbers with a header, one column of which is to be explained by the others."""

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grae.errors import DataError, shortened
from grae.formulas.operations import CONSTANT, OPERATIONS
from grae.paths import is_device

DELIMITERS = ",\t;|"
REMEDY = "give a table of numbers with a header: CSV or TSV, one row per observation"


@dataclass(frozen=True)
class Data:
    """Observations.

    Attributes:
        names: of the p columns that explain, as formulas write them: identifiers.
        rows: (K, p) float64, finite.
        y: (K,) float64, finite, what is explained.
        y_name: its column.
        headings: of the p columns, as the table has them.
    """

    names: tuple[str, ...]
    rows: np.ndarray
    y: np.ndarray
    y_name: str
    headings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)

    def split(self, share: float, seed: int) -> "tuple[Data, Data | None]":
        """The observations to fit to, and a share of them, drawn at random, that is held out; None for a share of 0.

        Raises:
            DataError: a part would have fewer than two.
        """
        if share == 0:
            return self, None
        n = round(share * len(self))
        if n < 2 or len(self) - n < 2:
            raise DataError(
                f"a share of {share:g} of {len(self)} rows leaves {n} held out, {len(self) - n} to fit",
                remedy="hold out another share (--test), or give more rows",
            )
        order = np.random.default_rng(seed).permutation(len(self))
        test, train = np.sort(order[:n]), np.sort(order[n:])
        return self._of(train), self._of(test)

    def _of(self, rows: np.ndarray) -> "Data":
        return Data(self.names, self.rows[rows], self.y[rows], self.y_name, self.headings)


def identifiers(headings: Sequence[str]) -> tuple[str, ...]:
    """Names of columns as formulas can write them: letters, digits and _, distinct, none a function or the constant."""
    names: list[str] = []
    for heading in headings:
        name = re.sub(r"\W+", "_", heading.strip()).strip("_") or "x"
        if name[0].isdigit():
            name = f"x{name}"
        while name in names or name == CONSTANT or name in OPERATIONS:
            name += "_"
        names.append(name)
    return tuple(names)


def read_data(path: str | Path, y: str | None = None, *, delimiter: str | None = None) -> Data:
    """Reads a table, gzipped or not.

    Args:
        path: of the file.
        y: the heading of the column to explain; the last when left out.
        delimiter: between cells; the one that makes most columns of the header when left out.

    Raises:
        DataError: no such file or column, fewer than two columns, or a cell that is empty, text, or not finite.
    """
    path = Path(path)
    header, rows = _table(path, delimiter)
    duplicates = {name for name in header if header.count(name) > 1}
    if len(header) < 2 or duplicates:
        what = f"{len(header)} column" if len(header) < 2 else f"several columns named {sorted(duplicates)[0]!r}"
        raise DataError(f"data {path}: {what}", remedy="give two columns or more, each with a name of its own")
    if y is None:
        y = header[-1]
    if y not in header:
        raise DataError.unknown("column (--y)", y, header)
    values = np.array([_numbers(path, number, header, cells) for number, cells in rows], np.float64)
    if len(values) < 2:
        raise DataError(f"data {path}: {len(values)} rows below the header; at least 2 are needed", remedy=REMEDY)
    place = header.index(y)
    headings = tuple(name for name in header if name != y)
    return Data(identifiers(headings), np.delete(values, place, axis=1), values[:, place], y, headings)


def _table(path: Path, delimiter: str | None) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a table, and its rows that are not blank with their line numbers."""
    if is_device(path):
        raise DataError(f"data {path}: it is a device", remedy=REMEDY)
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", remedy=REMEDY) from None
    except (EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"data {path}: {error}", remedy=REMEDY) from None
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise DataError(f"data {path}: it is empty", remedy=REMEDY)
    mark = delimiter or max(DELIMITERS, key=first.count)
    reader = csv.reader(lines, delimiter=mark, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows += [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise DataError(f"data {path}, line {reader.line_num}: {error}", remedy="check the quotes there") from None
    (_, header), *rows = rows
    if all(_number(cell) is not None for cell in header):
        raise DataError(
            f"data {path}: the first row is {shortened(', '.join(header))}, numbers, not a header",
            remedy="name the columns in the first row",
        )
    return header, rows


def _numbers(path: Path, line: int, header: list[str], cells: list[str]) -> list[float]:
    """The numbers of a row.

    Raises:
        DataError: a cell has none; with its line and column.
    """
    if len(cells) != len(header):
        raise DataError(f"data {path}, line {line}: {len(cells)} cells, expected {len(header)} as in the header")
    values: list[float] = []
    for name, cell in zip(header, cells, strict=True):
        value = _number(cell)
        if value is None or not np.isfinite(value):
            what = "a missing value" if not cell or value is not None else f"text, {shortened(cell)!r}"
            if cell.lower() in ("na", "n/a", "null", "none", "?"):
                what = "a missing value"
            raise DataError(
                f"data {path}, line {line}: column {name!r} has {what}; expected a finite number",
                remedy="fill in the value, or leave out the row or the column",
            )
        values.append(value)
    return values


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def columns_of(rows: Any) -> tuple[str, ...] | None:
    """The names of a pandas DataFrame's columns as formulas write them; None of arrays and where one is not text."""
    headings = getattr(rows, "columns", None)
    if headings is None or not all(isinstance(heading, str) for heading in headings):
        return None
    return identifiers(list(headings))
