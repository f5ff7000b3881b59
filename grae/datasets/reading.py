"""Reads the lines of a file of strings as a stream, so that memory does not grow with the file.

A file holds one string per line (`text`, or `lines` with the white space around it), one string and optionally a name
(`smi`), a table with a column of strings (`csv`), or molecules with their atoms and bonds (`sdf`), which RDKit reads
and writes as SMILES. It may be compressed with gzip, or be a member of a tar archive, whatever its name.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, Literal, NamedTuple

from grae.datasets.archives import DAMAGED
from grae.datasets.tables import USUAL_COLUMNS, Table, is_not_utf8
from grae.errors import DataError

Format = Literal["text", "lines", "smi", "csv", "sdf"]
LONGEST_LINE = 1_000_000  # characters


class Line(NamedTuple):
    """A line of a source.

    Attributes:
        number: its number in the file, from 1.
        text: the string on it, without surrounding white space except in the format `lines`.
        fault: why there is no string; "" if there is one.
    """

    number: int
    text: str
    fault: str = ""


class Reading:
    """The lines of a source that is being read; made by `Source.open`.

    Args:
        name: name of the source in messages.
        form: how its lines are read.
        table: how it is read as a table.
        raw: the file.
        content: its unpacked content.
    """

    def __init__(self, name: str, form: Format, table: Table, raw: BinaryIO, content: io.BufferedReader) -> None:
        self._name, self._format, self._table = name, form, table
        self._raw = raw
        self._size = max(1, os.fstat(raw.fileno()).st_size)
        # Bytes that are not UTF-8 become lone surrogates, which no valid text contains: the line is lost, not the file.
        newline = "" if form == "csv" else None
        self._content = content
        self._text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline=newline)

    @property
    def fraction(self) -> float:
        """The share of the file's bytes that has been read, 0 to 1."""
        return min(1.0, self._raw.tell() / self._size)

    def __iter__(self) -> Iterator[Line]:
        with self._errors():
            yield from self._strings()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows of a table, including the header: the number of the line that each ends on, from 1, and its cells.

        Raises:
            DataError: the file is damaged, or its quotes do not match.
        """
        with self._errors():
            yield from self._table.rows(self._physical_lines())

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DAMAGED as error:
            raise damaged(self._name, error) from error
        except OSError as error:
            raise DataError(f"cannot read {self._name}: {error.strerror}", remedy="check the disk") from error

    def _strings(self) -> Iterator[Line]:
        match self._format:
            case "csv":
                return self._cells()
            case "sdf":
                return self._records()
            case "smi":
                return self._first_words()
            case "lines":
                return self._lines(strip=False)
            case _:
                return self._lines()

    def _lines(self, *, strip: bool = True) -> Iterator[Line]:
        for number, line in enumerate(self._physical_lines(), start=1):
            text = line.strip() if strip else line.removesuffix("\n")
            yield Line(number, text, _fault(text))

    def _first_words(self) -> Iterator[Line]:
        """Strips names after strings; a first line such as `SMILES Name` is a heading."""
        for line in self._lines():
            text = line.text.split(None, 1)[0] if line.text else ""
            if line.number > 1 or text.lower() not in USUAL_COLUMNS:
                yield Line(line.number, text, _fault(text))

    def first_row(self) -> list[str]:
        """The cells of a table's first nonblank row."""
        return next((row for _, row in self.rows() if any(map(str.strip, row))), [])

    def _cells(self) -> Iterator[Line]:
        for number, text, fault in self._table.cells(self._physical_lines()):
            yield Line(number, text, fault or _fault(text))

    def _records(self) -> Iterator[Line]:
        from grae.chemistry.sdf import smiles_in

        for number, text in enumerate(smiles_in(self._content), start=1):
            yield Line(number, text or "", _fault(text or "") if text is not None else "not read by RDKit")

    def _physical_lines(self) -> Iterator[str]:
        for number, line in enumerate(iter(partial(self._text.readline, LONGEST_LINE), ""), start=1):
            if len(line) >= LONGEST_LINE:
                raise DataError(
                    f"{self._name}, line {number} is longer than {LONGEST_LINE:,} characters",
                    remedy="give a file with one string a line",
                )
            yield line


def damaged(name: str, error: BaseException) -> DataError:
    """The error of a file that cannot be unpacked."""
    return DataError(f"{name} is damaged: {error}", remedy="fetch or compress it again")


def _fault(text: str) -> str:
    if not text:
        return "empty"
    if text.isascii():
        return ""
    return "not UTF-8" if is_not_utf8(text) else ""
