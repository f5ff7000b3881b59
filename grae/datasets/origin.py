"""The provenance of a run's strings: recorded in its config.json, and resolved from it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from grae.datasets.readers import STDIN, Source
from grae.datasets.registry import entries
from grae.datasets.sources import open_source
from grae.datasets.store import DerivationStore, build_store, open_store
from grae.errors import DataError, RunError
from grae.grammar import codec
from grae.grammar.cfg import Grammar

CHUNK = 50_000  # strings decoded at once

Build = Callable[[Grammar, Source, str | None, int | None], DerivationStore]
"""Grammar, source, form, maximum number of productions per derivation -> the store of the source's strings."""


def record(data: str, source: Source, store: DerivationStore, *, max_length: int | None) -> dict[str, Any]:
    """The provenance of a run's strings, for its config.json; `store_of` resolves it."""
    data = STDIN if source.is_stream else data
    named = data in entries() or data == STDIN
    return {
        "data": data if named else str(Path(data).absolute()),
        "column": source.column if not named else None,
        "delimiter": source.delimiter,
        "source_sha256": source.checksum,
        "form": store.meta.recipe.form,
        "max_length": max_length,
        "store": str(store.path.absolute()),
        "counts": store.counts.model_dump(mode="json"),
    }


def built(grammar: Grammar, source: Source, form: str | None, max_length: int | None) -> DerivationStore:
    """The derivation store of a source, built if necessary; strings outside the language are left out."""
    return build_store(grammar, source, form=form, max_length=max_length, on_invalid="skip")


def store_of(place: Path, about: Mapping[str, Any], grammar: Grammar, *, build: Build = built) -> DerivationStore:
    """The derivation store that a run was trained on.

    Args:
        place: the run's folder.
        about: the result of `record`.
        grammar: the run's grammar without its motifs.
        build: rebuilds the store if it is missing.

    Raises:
        RunError: the run does not record its strings.
        DataError: they are no longer available, or have changed.
    """
    try:
        data, column, checksum, max_length = (about[key] for key in ("data", "column", "source_sha256", "max_length"))
        folder = about["store"]
    except KeyError:
        raise RunError(
            f"{place} does not say where its strings came from", remedy="use a run of `grae train`"
        ) from None
    if data == STDIN:
        try:
            return open_store(folder)
        except DataError:
            raise DataError(
                f"the strings of {place} came from standard input, and what was kept of them at {folder} is gone",
                remedy="train from a file instead",
            ) from None
    source = open_source(data, column=column, delimiter=about.get("delimiter"), grammar=grammar)
    if source.checksum != checksum:
        raise DataError(
            f"{source.name} has changed since {place} was trained on it (its sha256 is another)",
            remedy="put the old file back, or train a new run",
        )
    return build(grammar, source, about.get("form"), max_length)


def texts_of(grammar: Grammar, store: DerivationStore, rows: np.ndarray) -> Iterator[str]:
    """The strings of some rows of a store, decoded on access."""
    for first in range(0, len(rows), CHUNK):
        yield from codec.decode(grammar, store.derivations[rows[first : first + CHUNK]])
