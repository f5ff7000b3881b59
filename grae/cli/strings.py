"""The strings of a run: encoded for its training, and found again for its evaluation or its continuation."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, progress
from grae.errors import DataError, RunError

if TYPE_CHECKING:
    import numpy as np

    from grae.datasets import DerivationStore, Source
    from grae.grammar import Grammar

STDIN = "-"
REJECTS = "rejects.tsv"
CHUNK = 50_000  # strings decoded at a time


def encoded(
    grammar: "Grammar", source: "Source", *, form: Any, max_length: int | None, on_invalid: Any
) -> "DerivationStore":
    """The derivation store of a source, made now or earlier; says how much of the source it holds."""
    from grae.datasets import build_store

    with progress(f"encoding {source.name}") as done:
        store = build_store(
            grammar,
            source,
            form=form,
            max_length=max_length,
            on_invalid=on_invalid,
            progress=lambda so_far: done(so_far.fraction),
        )
    counts = store.counts
    note(f"data: {source.name}, {counts.kept:,} of {counts.read:,} lines")
    if counts.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.rejected.items())
        note(f"left out: {reasons}; see {store.rejects_path}")
    return store


def undecodable_note(n: int, of: int) -> str:
    """What is said of strings that a decoder under the language's rules can never write."""
    return (
        f"{n:,} of {of:,} strings break rules that the default decoder keeps (--constraints semantic): it can never "
        "write them"
    )


def keep_rejects(store: "DerivationStore", place: Path) -> None:
    """Copies the table of the lines that a training left out into its run, once there is one.

    Raises:
        RunError: the run's folder cannot be written.
    """
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    if store.counts.rejected and folder.has(folder.CONFIG) and store.rejects_path.is_file():
        folder.write_text(REJECTS, store.rejects_path.read_text(encoding="utf-8"))


def record(data: str, source: "Source", store: "DerivationStore", *, max_length: int | None) -> dict[str, Any]:
    """Where a run's strings come from, for its config.json; `strings_of` finds them again by it."""
    from grae.datasets import entries

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


def store_of(place: Path, about: Mapping[str, Any], grammar: "Grammar") -> "DerivationStore":
    """The derivation store that a run was trained on.

    Args:
        place: the run's folder.
        about: what `record` wrote.
        grammar: the run's grammar without its motifs.

    Raises:
        RunError: the run says nothing of its strings.
        DataError: they are not there any more, or changed.
    """
    from grae.datasets import open_source, open_store

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
    return encoded(grammar, source, form=about.get("form"), max_length=max_length, on_invalid="skip")


def texts_of(grammar: "Grammar", store: "DerivationStore", rows: "np.ndarray") -> Iterator[str]:
    """The strings of some rows of a store, decoded as they are asked for."""
    from grae.grammar.codec import decode

    for first in range(0, len(rows), CHUNK):
        yield from decode(grammar, store.derivations[rows[first : first + CHUNK]])
