"""Files of codes or strings written block by block, and merged from the blocks of several parts."""

import gzip
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from grae.cli.codes import is_npy
from grae.cli.output import TABLES, written
from grae.errors import DataError

COPIED = 1 << 20  # bytes copied at a time
LAYOUT = ("sizes", "rows", "heading")
"""Names of the arrays of a file's layout."""


@dataclass(slots=True)
class BlockFile:
    """A file being written.

    Attributes:
        file: the open binary file.
        heading: bytes before the first block, written with it.
        sizes: number of bytes of each block.
        rows: number of rows of each block.
    """

    file: IO[bytes]
    heading: bytes = b""
    sizes: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def add(self, content: bytes, rows: int) -> None:
        """Writes a block."""
        if content:
            self.file.write(content if any(self.sizes) else self.heading + content)
        self.sizes.append(len(content))
        self.rows.append(rows)

    def end(self) -> None:
        """Writes the header of a file without rows."""
        if not any(self.sizes):
            self.file.write(self.heading)

    def arrays(self) -> dict[str, np.ndarray]:
        """The layout of the file, from which `merge_blocks` finds its blocks."""
        layout = (self.sizes, self.rows, [len(self.heading)])
        return {name: np.array(values, np.int64) for name, values in zip(LAYOUT, layout, strict=True)}


def format_of(path: str) -> str:
    """The format of a file by its name: "npy", "csv", "tsv" or "text"; compressed or not."""
    suffix = Path(path.removesuffix(".gz")).suffix.lower()
    return suffix[1:] if suffix in (".npy", *TABLES) else "text"


@contextmanager
def block_file(path: str, heading: bytes = b"", *, width: int | None = None) -> Iterator[BlockFile]:
    """Opens a file to write blocks to, atomically; `-` is stdout.

    Args:
        path: the file.
        heading: the header of a table.
        width: number of columns of an .npy file of float32, whose header is written with the number of rows at the end.

    Raises:
        GraeError: the file cannot be written.
    """
    with ExitStack() as stack:
        file = stack.enter_context(written(path))
        if width is None or not is_npy(path):
            blocks = BlockFile(file, heading)
            yield blocks
            blocks.end()
            return
        in_place = not path.endswith(".gz") and file.seekable()
        body = file if in_place else stack.enter_context(tempfile.TemporaryFile())
        blocks = BlockFile(body, npy_header(0, width))
        yield blocks
        blocks.end()
        body.seek(0)
        body.write(npy_header(sum(blocks.rows), width))
        if not in_place:
            body.seek(0)
            shutil.copyfileobj(body, file, COPIED)


def npy_header(rows: int, width: int) -> bytes:
    """The header of an .npy file of float32; its size does not depend on the number of rows."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": (rows, width)}
    )
    return header.getvalue()


def merge_blocks(parts: list[tuple[Path, dict[str, np.ndarray]]], out: str, *, width: int | None = None) -> int:
    """Writes the blocks of several files in the order of the whole job, one of each in turn; returns the row count.

    Args:
        parts: files in the order of their shards, with their layouts (`BlockFile.arrays`).
        out: file to write, in the same format; `-` for stdout.
        width: as in `block_file`.

    Raises:
        DataError: a file was changed after it was written.
        GraeError: the file cannot be written.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(_opened(path)) for path, _ in parts]
        layouts = [layout for _, layout in parts]
        paths = [path for path, _ in parts]
        headings = [
            _taken(file, int(layout["heading"][0]), path)
            for file, layout, path in zip(files, layouts, paths, strict=True)
        ]
        merged = stack.enter_context(block_file(out, headings[0], width=width))
        for number in range(max(len(layout["sizes"]) for layout in layouts)):
            for file, layout, path in zip(files, layouts, paths, strict=True):
                if number < len(layout["sizes"]):
                    content = _taken(file, int(layout["sizes"][number]), path)
                    merged.add(content, int(layout["rows"][number]))
        for file, path in zip(files, paths, strict=True):
            if file.read(1):
                raise _changed(path)
        return sum(merged.rows)


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # pyright: ignore[reportReturnType]


def _taken(file: IO[bytes], size: int, path: Path) -> bytes:
    """The next bytes of a file. Raises DataError: there are fewer."""
    try:
        content = file.read(size)
    except (EOFError, gzip.BadGzipFile) as error:
        raise _changed(path) from error
    if len(content) != size:
        raise _changed(path)
    return content


def _changed(path: Path) -> DataError:
    return DataError(
        f"{path} is not as long as when it was written", remedy="compute this part again, with the same --shard"
    )
