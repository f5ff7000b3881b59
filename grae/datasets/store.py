"""The derivation store: a data set encoded once, as files that are mapped into memory.

A store is a folder in the cache, named by what it was made from: the grammar's fingerprint, the data's checksum and how
they were read, the form and the greatest length. It is written under another name and renamed when complete, so a store
is whole or absent, and of two processes that make the same one either's is used.

    ids.bin       production ids of all derivations, one after the other
    offsets.bin   int64, where each derivation begins in ids.bin; one more for the end
    lines.bin     int64, the line of the source that each derivation came from
    rejects.tsv   line, reason, string and detail of each line that was not encoded
    meta.json     what it was made from, and the counts
"""

import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from grae.datasets.encoding import Chunk, Progress, Tally, encode_source
from grae.datasets.forms import resolve_form
from grae.datasets.locations import CACHE_HOME, cache_home
from grae.datasets.readers import Source
from grae.datasets.rejects import HEADING, Reject, as_row, printable, reject_error
from grae.errors import DataError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import Derivations
from grae.version import __version__

STORES = "stores"
LAYOUT = 1
ABANDONED_AFTER = 24 * 3600  # seconds
_BUILDING = ".building-"
_IDS, _OFFSETS, _LINES, _REJECTS, _META = "ids.bin", "offsets.bin", "lines.bin", "rejects.tsv", "meta.json"


class Recipe(BaseModel):
    """What a store is made from; two stores with the same recipe hold the same derivations."""

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
    """What became of a source's lines.

    Attributes:
        read: lines read.
        kept: derivations in the store.
        productions: in all derivations together.
        longest: productions of the longest derivation.
        rejected: the other lines by reason, most frequent first.
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


@dataclass(frozen=True, eq=False)
class DerivationStore:
    """An encoded data set; nothing of it is in memory until it is asked for.

    Attributes:
        path: its folder.
        derivations: of the lines that were kept, in the order of the source.
        rows: (n,) int64, the line of the source that each came from, from 1.
        meta: what it was made from, and the counts.
    """

    path: Path
    derivations: Derivations
    rows: np.ndarray
    meta: Meta

    def __len__(self) -> int:
        return len(self.derivations)

    @property
    def counts(self) -> Counts:
        """What became of the source's lines."""
        return self.meta.counts

    @property
    def rejects(self) -> list[Reject]:
        """The first few rejected lines of each reason."""
        return self.meta.rejects

    @property
    def rejects_path(self) -> Path:
        """All rejected lines: a table of line, reason, string and detail, with tabs between."""
        return self.path / _REJECTS

    def __reduce__(self) -> tuple[Callable[[Path], "DerivationStore"], tuple[Path]]:
        return open_store, (self.path,)


def build_store(
    grammar: Grammar,
    source: Source,
    *,
    form: str | None = None,
    max_length: int | None = None,
    on_invalid: Literal["skip", "error"] = "skip",
    n_jobs: int = -1,
    progress: Callable[[Progress], None] | None = None,
) -> DerivationStore:
    """Encodes a source, or opens the store of an earlier time with the same outcome.

    Args:
        grammar: of the strings.
        source: where they come from.
        form: in which the strings are encoded; when left out, the default of the language.
        max_length: the most productions that a derivation may have.
        on_invalid: leave out the lines that cannot be encoded, or stop at the first.
        n_jobs: processes or threads, as joblib counts them.
        progress: called after each chunk; not at all when the store is there already.

    Raises:
        DataError: the source cannot be read, is empty or holds no string of the language; under "error", at the first
            line that cannot be encoded; or the cache cannot be written.
        SettingsError: the language has no such form.
    """
    form = resolve_form(grammar, form)
    recipe = _recipe(grammar, source, form, max_length)
    folder = cache_home() / STORES / recipe.key
    store = _opened(folder)
    if store is not None and not (store.rejects and on_invalid == "error"):
        return store
    chunks = encode_source(
        grammar,
        source,
        form=grammar.language.form(form),
        max_length=max_length,
        n_jobs=n_jobs,
        progress=progress,
    )
    with _building(folder) as building:
        tally = Tally()
        with _Writer(building) as writer:
            for chunk in chunks:
                if chunk.rejects and on_invalid == "error":
                    raise reject_error(grammar, source, chunk.rejects[0])
                tally.add(chunk)
                writer.add(chunk)
        if not tally.kept:
            raise _nothing_left(grammar, source, tally)
        counts = Counts(
            read=tally.read,
            kept=tally.kept,
            productions=tally.productions,
            longest=tally.longest,
            rejected=dict(tally.rejected.most_common()),
        )
        meta = Meta(
            recipe=recipe,
            grammar_name=grammar.name,
            source_name=source.name,
            dtype=str(grammar.dtype),
            counts=counts,
            rejects=[printable(reject) for reject in tally.rejects],
        )
        (building / _META).write_text(meta.model_dump_json(indent=2), encoding="utf-8")
    return open_store(folder)


def open_store(path: str | Path) -> DerivationStore:
    """Opens a store by its folder.

    Raises:
        DataError: there is none, or it is damaged.
    """
    path = Path(path)
    remedy = "build it again"
    try:
        meta = Meta.model_validate_json((path / _META).read_bytes())
        counts = meta.counts
        ids = _mapped(path / _IDS, np.dtype(meta.dtype), counts.productions)
        offsets = _mapped(path / _OFFSETS, np.dtype(np.int64), counts.kept + 1)
        lines = _mapped(path / _LINES, np.dtype(np.int64), counts.kept)
    except FileNotFoundError as error:
        raise DataError(f"no derivation store at {path}: {error.filename} is missing", remedy=remedy) from error
    except OSError as error:
        raise DataError(
            f"cannot read the derivation store {path}: {error.strerror}", remedy="check its permissions"
        ) from error
    except ValidationError as error:
        raise DataError(f"{path / _META} is damaged or of another version of grae", remedy=remedy) from error
    return DerivationStore(path, Derivations(ids, offsets), lines, meta)


def _opened(folder: Path) -> DerivationStore | None:
    with suppress(DataError):
        return open_store(folder)
    return None


def _mapped(path: Path, dtype: np.dtype, n: int) -> np.ndarray:
    """A file as a read-only array of `n` entries, of which only what is asked for is read."""
    size = path.stat().st_size
    if size != n * dtype.itemsize:
        raise DataError(
            f"{path} is truncated: {size} bytes where {n * dtype.itemsize} were written", remedy="build it again"
        )
    return np.memmap(path, dtype=dtype, mode="r", shape=(n,))


def _recipe(grammar: Grammar, source: Source, form: str, max_length: int | None) -> Recipe:
    return Recipe(
        layout=LAYOUT,
        version=__version__,
        grammar=grammar.fingerprint,
        data=source.checksum,
        reader=source.settings,
        form=form,
        max_length=max_length,
        rdkit=metadata.version("rdkit") if form != "as-written" or source.settings["format"] == "sdf" else None,
    )


@contextmanager
def _building(folder: Path) -> Iterator[Path]:
    """Gives a folder to write a store into; it takes its own name at the end, or goes away if the body fails."""
    building = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        building = folder.with_name(f"{_BUILDING}{uuid.uuid4().hex}")
        building.mkdir()
        yield building
        _rename(building, folder)
    except OSError as error:
        raise DataError(
            f"cannot write a derivation store in {folder.parent}: {error.strerror}",
            remedy=f"free some space there, or name another folder with {CACHE_HOME}",
        ) from error
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)


def _rename(building: Path, folder: Path) -> None:
    """Puts a complete store in its place, unless another process has put the same one there meanwhile."""
    for _ in range(2):
        try:
            os.rename(building, folder)
            return
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        if _opened(folder) is not None:
            return
        shutil.rmtree(folder, ignore_errors=True)  # what lies there is damaged
    os.rename(building, folder)


def _sweep(stores: Path) -> None:
    """Removes what builds that were killed long ago have left."""
    for left in stores.glob(f"{_BUILDING}*"):
        with suppress(OSError):
            if time.time() - max(file.stat().st_mtime for file in [left, *left.iterdir()]) > ABANDONED_AFTER:
                shutil.rmtree(left, ignore_errors=True)


class _Writer:
    """Writes chunks to a store's files, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._end = 0

    def __enter__(self) -> "_Writer":
        with ExitStack() as stack:
            ids, offsets, lines, rejects = (
                stack.enter_context(open(self._folder / name, "wb")) for name in (_IDS, _OFFSETS, _LINES, _REJECTS)
            )
            offsets.write(np.zeros(1, np.int64).tobytes())
            rejects.write(HEADING)
            self._files = stack.pop_all()
        self._ids, self._offsets, self._lines, self._rejects = ids, offsets, lines, rejects
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, chunk: Chunk) -> None:
        ends = self._end + np.cumsum(chunk.lengths, dtype=np.int64)
        self._end += len(chunk.ids)
        self._ids.write(chunk.ids.tobytes())
        self._offsets.write(ends.tobytes())
        self._lines.write(chunk.lines.tobytes())
        self._rejects.writelines(map(as_row, chunk.rejects))


def _nothing_left(grammar: Grammar, source: Source, tally: Tally) -> DataError:
    reasons = ", ".join(f"{n} {reason}" for reason, n in tally.rejected.most_common(3))
    example = printable(min(tally.rejects))
    said = f" ({example.detail})" if example.detail else ""
    return DataError(
        f"none of the {tally.read} lines of {source.name} can be encoded with grammar {grammar.name!r}: {reasons}\n"
        f"  line {example.line} is {example.reason}{said}: {example.text[:100]!r}",
        remedy=f"check that the file holds strings of that grammar and, if it is a table, which column (--column); "
        f"try `grae grammar check {grammar.name} --data FILE`",
    )
