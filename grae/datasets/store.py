"""The derivation store: a data set encoded once, as memory-mapped files.

A store is a folder in the cache, named by its ingredients: the grammar's fingerprint, the data's checksum and how they
were read, the form and the maximum length. It is written under another name and renamed when complete, so a store is
complete or absent, and of two processes that build the same one either's is used.

    ids.bin       production ids of all derivations, one after the other
    offsets.bin   int64, where each derivation begins in ids.bin; one more for the end
    lines.bin     int64, the line of the source of each derivation
    rejects.tsv   line, reason, string and detail of each line that was not encoded
    meta.json     the ingredients, and the counts
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError

from grae.datasets.encoding import Progress, Tally, encode_source
from grae.datasets.forms import resolve_form
from grae.datasets.locations import cache_home
from grae.datasets.readers import Source
from grae.datasets.rejects import Reject, printable, reject_error
from grae.datasets.store_files import (
    IDS,
    LAYOUT,
    LINES,
    META,
    OFFSETS,
    REJECTS,
    Counts,
    Meta,
    Recipe,
    StoreWriter,
    mapped,
    written_whole,
)
from grae.errors import DataError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import Derivations
from grae.version import __version__

STORES = "stores"


@dataclass(frozen=True, eq=False)
class DerivationStore:
    """An encoded data set, memory-mapped.

    Attributes:
        path: its folder.
        derivations: derivations of the kept lines, in the order of the source.
        rows: (n,) int64, the line of each in the source, from 1.
        meta: its ingredients, and the counts.
    """

    path: Path
    derivations: Derivations
    rows: np.ndarray
    meta: Meta

    def __len__(self) -> int:
        return len(self.derivations)

    @property
    def counts(self) -> Counts:
        """The outcome of the source's lines."""
        return self.meta.counts

    @property
    def rejects(self) -> list[Reject]:
        """The first few rejected lines of each reason."""
        return self.meta.rejects

    @property
    def rejects_path(self) -> Path:
        """All rejected lines: a tab-separated table of line, reason, string and detail."""
        return self.path / REJECTS

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
    """Encodes a source, or opens an existing store with the same ingredients.

    Args:
        grammar: the grammar of the strings.
        source: the source of the strings.
        form: form in which the strings are encoded; by default that of the language.
        max_length: maximum number of productions per derivation.
        on_invalid: whether to skip the lines that cannot be encoded, or to stop at the first.
        n_jobs: number of processes or threads, as in joblib.
        progress: called after each chunk; not called if the store exists.

    Raises:
        DataError: the source cannot be read, is empty or has no string of the language; under "error", at the first
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
    with written_whole(folder, is_store) as building:
        tally = Tally()
        with StoreWriter(building) as writer:
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
        (building / META).write_text(meta.model_dump_json(indent=2), encoding="utf-8")
    return open_store(folder)


def open_store(path: str | Path) -> DerivationStore:
    """Opens a store by its folder.

    Raises:
        DataError: there is none, or it is damaged.
    """
    path = Path(path)
    remedy = "build it again"
    try:
        meta = Meta.model_validate_json((path / META).read_bytes())
        counts = meta.counts
        ids = mapped(path / IDS, np.dtype(meta.dtype), counts.productions)
        offsets = mapped(path / OFFSETS, np.dtype(np.int64), counts.kept + 1)
        lines = mapped(path / LINES, np.dtype(np.int64), counts.kept)
    except FileNotFoundError as error:
        raise DataError(f"no derivation store at {path}: {error.filename} is missing", remedy=remedy) from error
    except OSError as error:
        raise DataError(
            f"cannot read the derivation store {path}: {error.strerror}", remedy="check its permissions"
        ) from error
    except ValidationError as error:
        raise DataError(f"{path / META} is damaged or of another version of grae", remedy=remedy) from error
    return DerivationStore(path, Derivations(ids, offsets), lines, meta)


def is_store(folder: Path) -> bool:
    """Whether a folder holds a complete store."""
    return _opened(folder) is not None


def _opened(folder: Path) -> DerivationStore | None:
    with suppress(DataError):
        return open_store(folder)
    return None


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
