"""Files of strings, and standard input: opened, unpacked and checked; `reading` reads their lines."""

import hashlib
import io
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TextIO

from grae.datasets.archives import DAMAGED, unpacked
from grae.datasets.reading import Format, Reading, damaged
from grae.datasets.tables import Table
from grae.errors import DataError, shortened
from grae.paths import exists, is_device, is_dir, is_pipe

STDIN = "-"
NOT_TEXT = (
    (b"PK\x03\x04", "a zip archive or a workbook", "unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook", "save the sheet as CSV"),
    (b"PAR1", "a Parquet table", "write it as CSV: pandas.read_parquet(...).to_csv(..., index=False)"),
    (b"\x1f\x8b", "compressed twice with gzip", "unpack it once"),
    (b"BZh", "compressed with bzip2", "unpack it, or compress it with gzip"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it, or compress it with gzip"),
    (b"\xff\xfe", "in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "in UTF-16", "save it as UTF-8"),
)
"""First bytes of files that are often mistaken for text, what these files are, and the remedy."""
_SUFFIXES: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".smi", ".smiles", ".ism"), "smi"),
    **dict.fromkeys((".sdf", ".sd"), "sdf"),
}
_PACKED = {".gz", ".tgz", ".tar"}
_SPOOLED: weakref.WeakKeyDictionary[TextIO, Path] = weakref.WeakKeyDictionary()
"""The file that standard input, which can be read only once, was copied to."""
MOLFILE_HEAD, COUNTS_LINE = 2048, 3
"""Number of bytes within which a molfile's counts line ends, and the index of that line, from 0."""


@dataclass(frozen=True)
class Source:
    """A file of strings, or standard input.

    Args:
        path: the file; "-" for standard input, which is copied to a temporary file first.
        format: how the lines are read; by default according to the file's name, or `csv` if a column is given.
        column: column of a table: its name, or its number from 0; by default the only one, or one of the usual names.
        header: whether a table's first row names its columns; by default it does, unless the column is given as a
            number and the row has none of the usual names.
        delimiter: column delimiter of a table; by default detected.
        name: its name in messages; by default the path.

    Raises:
        DataError: there is no such file.
    """

    path: Path | str
    format: Format | None = None
    column: str | int | None = None
    header: bool | None = None
    member: str | None = None
    delimiter: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or ("standard input" if self.path == STDIN else str(self.path)))
        if self.path == STDIN:
            return
        path = Path(self.path)
        if is_dir(path):
            raise DataError(f"{path} is a folder", remedy="give a file in it")
        if is_device(path):
            raise DataError(f"{path} is a device, not a file", remedy="give a file; `-` reads standard input")
        if not exists(path):
            raise self._not_there(path)

    @property
    def is_stream(self) -> bool:
        """Whether it is standard input or a pipe, which can be read only once and is copied to a file first."""
        return self.path == STDIN or is_pipe(Path(self.path))

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        return file_checksum(self._file)

    @property
    def settings(self) -> dict[str, str | int | bool | None]:
        """How the file is read: the settings that, together with its bytes, determine the strings."""
        return {
            "format": self._format,
            "column": self.column,
            "header": self.header,
            "member": self.member,
            "delimiter": self.delimiter,
        }

    def texts(self) -> Iterator[str]:
        """The strings, in the order of the file; lines without one are left out.

        Raises:
            DataError: as `open`.
        """
        with self.open() as reading:
            for line in reading:
                if not line.fault:
                    yield line.text

    @contextmanager
    def open(self) -> Iterator[Reading]:
        """The lines of the source, read on demand.

        Raises:
            DataError: the file cannot be read, is damaged or binary, has changed meanwhile, or lacks the column or the
                member.
        """
        before = _version(self._file)
        with ExitStack() as stack:
            try:
                raw = stack.enter_context(open(self._file, "rb"))
                content = unpacked(raw, self.name, self.member, stack)
            except DAMAGED as error:
                raise damaged(self.name, error) from error
            except OSError as error:
                raise DataError(f"cannot read {self.name}: {error.strerror}", remedy="check its permissions") from error
            buffered = stack.enter_context(io.BufferedReader(content))  # pyright: ignore[reportArgumentType]
            self._reject_binary(buffered)
            yield Reading(self.name, self._format, self._table, raw, buffered)
        if _version(self._file) != before:
            raise DataError(f"{self.name} changed while it was read", remedy="run it again when the file is complete")

    @property
    def _table(self) -> Table:
        return Table(self.name, self.column, self.header, self.delimiter or _tab_of(self.path))

    @cached_property
    def _file(self) -> Path:
        return self._spooled() if self.is_stream else Path(self.path)

    @cached_property
    def _format(self) -> Format:
        if self.format is not None:
            return self.format
        if self.column is not None or self.delimiter is not None:
            return "csv"
        by_name = _of_suffix(self.path)
        again = self.path == STDIN or not self.is_stream  # a pipe can be read only once
        return "sdf" if by_name == "text" and again and self._is_sdf() else by_name

    def _is_sdf(self) -> bool:
        """Whether the fourth line is the counts line of a molfile."""
        try:
            with ExitStack() as stack:
                content = unpacked(stack.enter_context(open(self._file, "rb")), self.name, self.member, stack)
                lines = content.read(MOLFILE_HEAD).splitlines()
        except (*DAMAGED, OSError, DataError):
            return False  # reported when the source is read
        return len(lines) > COUNTS_LINE and lines[COUNTS_LINE].rstrip().endswith((b"V2000", b"V3000"))

    def _spooled(self) -> Path:
        """Standard input or a pipe as a temporary file.

        The copy of a pipe is deleted with this object; that of standard input remains, so that all its sources read the
        same strings.
        """
        stream = sys.stdin if self.path == STDIN else None
        if stream is not None and stream in _SPOOLED:
            return _SPOOLED[stream]
        handle, path = tempfile.mkstemp(prefix="grae-stdin-")
        weakref.finalize(self if stream is None else stream, _remove, path)
        with ExitStack() as stack:
            file = stack.enter_context(os.fdopen(handle, "wb"))
            try:
                content = stack.enter_context(open(self.path, "rb")) if stream is None else stream.buffer
                shutil.copyfileobj(content, file)
            except OSError as error:
                raise DataError(f"cannot read {self.name}: {error.strerror}", remedy="check the path") from error
        if stream is not None:
            _SPOOLED[stream] = Path(path)
        return Path(path)

    def _reject_binary(self, content: io.BufferedReader) -> None:
        try:
            head = content.peek(4096)
        except DAMAGED as error:
            raise damaged(self.name, error) from error
        for magic, what, remedy in NOT_TEXT:
            if head.startswith(magic):
                raise DataError(f"{self.name} is {what}, not a text file", remedy=remedy)
        if b"\0" in head:
            raise DataError(
                f"{self.name} is not a text file: it holds zero bytes",
                remedy="give text in UTF-8, one string a line or a CSV table",
            )

    def _not_there(self, path: Path) -> DataError:
        there = [entry.name for entry in path.parent.iterdir()] if is_dir(path.parent) else []
        near = get_close_matches(path.name, there, n=1)
        remedy = f"did you mean {path.parent / near[0]}?" if near else "check the path; `-` reads standard input"
        return DataError(f"no file {shortened(str(path))}", remedy=remedy)


def file_checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", remedy="check its permissions") from error


def _of_suffix(path: Path | str) -> Format:
    """The format of a file, by its suffix."""
    suffixes = [suffix for suffix in Path(path).suffixes if suffix.lower() not in _PACKED]
    return _SUFFIXES.get(suffixes[-1].lower(), "text") if suffixes else "text"


def _tab_of(path: Path | str) -> str | None:
    """The tab if a table's name ends in .tsv or .tab."""
    return "\t" if {".tsv", ".tab"} & {suffix.lower() for suffix in Path(path).suffixes} else None


def _version(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)
