"""The files of a derivation store: their contents, and how they are written atomically."""

import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from grae.datasets.encoding import Chunk
from grae.datasets.locations import CACHE_HOME
from grae.datasets.rejects import HEADING, Reject, as_row
from grae.errors import DataError
from grae.paths import REJECTS_FILE

LAYOUT = 1
ABANDONED_AFTER = 24 * 3600  # seconds
_BUILDING = ".building-"
IDS, OFFSETS, LINES, REJECTS, META = "ids.bin", "offsets.bin", "lines.bin", REJECTS_FILE, "meta.json"


class Recipe(BaseModel):
    """The ingredients of a store; two stores with the same recipe hold the same derivations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: int
    version: str
    grammar: str
    data: str
    reader: dict[str, str | int | bool | None]
    form: str
    max_length: int | None
    rdkit: str | None

    @property
    def key(self) -> str:
        """The name of the store's folder."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]


class Counts(BaseModel):
    """The outcome of a source's lines.

    Attributes:
        read: number of lines read.
        kept: number of derivations in the store.
        productions: total over all derivations.
        longest: productions of the longest derivation.
        rejected: number of other lines by reason, most frequent first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    read: int
    kept: int
    productions: int
    longest: int
    rejected: dict[str, int]


class Meta(BaseModel):
    """The file meta.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Recipe
    grammar_name: str
    source_name: str
    dtype: str
    counts: Counts
    rejects: list[Reject]


def mapped(path: Path, dtype: np.dtype, n: int) -> np.ndarray:
    """A file as a read-only memory-mapped array of `n` entries."""
    size = path.stat().st_size
    if size != n * dtype.itemsize:
        raise DataError(
            f"{path} is truncated: {size} bytes where {n * dtype.itemsize} were written", remedy="build it again"
        )
    return np.memmap(path, dtype=dtype, mode="r", shape=(n,))


@contextmanager
def written_whole(folder: Path, is_whole: Callable[[Path], bool]) -> Iterator[Path]:
    """A temporary folder to write a store into, which is renamed at the end, and removed if the body fails.

    Args:
        folder: the final folder of the store.
        is_whole: whether a folder holds a complete store, which another process may have written meanwhile.

    Raises:
        DataError: the folder cannot be written.
    """
    building = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        building = folder.with_name(f"{_BUILDING}{uuid.uuid4().hex}")
        building.mkdir()
        yield building
        _rename(building, folder, is_whole)
    except OSError as error:
        raise DataError(
            f"cannot write a derivation store in {folder.parent}: {error.strerror}",
            remedy=f"free some space there, or name another folder with {CACHE_HOME}",
        ) from error
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)


def _rename(building: Path, folder: Path, is_whole: Callable[[Path], bool]) -> None:
    """Moves a complete store to its place, unless another process has put the same one there meanwhile."""
    for _ in range(2):
        try:
            os.rename(building, folder)
            return
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        if is_whole(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)  # the existing store is damaged
    os.rename(building, folder)


def _sweep(stores: Path) -> None:
    """Removes the remains of builds that were killed long ago."""
    for left in stores.glob(f"{_BUILDING}*"):
        with suppress(OSError):
            if time.time() - max(file.stat().st_mtime for file in [left, *left.iterdir()]) > ABANDONED_AFTER:
                shutil.rmtree(left, ignore_errors=True)


class StoreWriter:
    """Appends chunks to a store's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._end = 0

    def __enter__(self) -> "StoreWriter":
        with ExitStack() as stack:
            ids, offsets, lines, rejects = (
                stack.enter_context(open(self._folder / name, "wb")) for name in (IDS, OFFSETS, LINES, REJECTS)
            )
            offsets.write(np.zeros(1, np.int64).tobytes())
            rejects.write(HEADING)
            self._files = stack.pop_all()
        self._ids, self._offsets, self._lines, self._rejects = ids, offsets, lines, rejects
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, chunk: Chunk) -> None:
        """Writes the derivations of a chunk, and its rejected lines."""
        ends = self._end + np.cumsum(chunk.lengths, dtype=np.int64)
        self._end += len(chunk.ids)
        self._ids.write(chunk.ids.tobytes())
        self._offsets.write(ends.tobytes())
        self._lines.write(chunk.lines.tobytes())
        self._rejects.writelines(map(as_row, chunk.rejects))
