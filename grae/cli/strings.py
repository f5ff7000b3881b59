"""Encoding of a run's strings with progress, for training, evaluation and resuming."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, progress
from grae.paths import REJECTS_FILE

if TYPE_CHECKING:
    from grae.datasets import DerivationStore, Source
    from grae.datasets.origin import Build
    from grae.grammar import Grammar

STDIN = "-"


def encoder(on_invalid: Any = "skip", run: Path | None = None) -> "Build":
    """A function that encodes a source with progress, and prints how many of its lines were used.

    Args:
        on_invalid: whether strings outside the language are errors or skipped.
        run: run folder whose table of skipped lines is named in messages; None for that of the store.
    """
    from grae.datasets import build_store

    def build(grammar: "Grammar", source: "Source", form: str | None, max_length: int | None) -> "DerivationStore":
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
            note(f"skipped: {reasons}; see {store.rejects_path if run is None else run / REJECTS_FILE}")
        return store

    return build


def undecodable_note(n: int, of: int) -> str:
    """The note on strings that cannot be decoded under semantic constraints."""
    return (
        f"{n:,} of {of:,} strings break rules that the default decoder enforces (--constraints semantic): it cannot "
        "write them"
    )


def build(grammar: "Grammar", source: "Source", form: str | None, max_length: int | None) -> "DerivationStore":
    """As `grae.datasets.origin.built`, with progress."""
    return encoder()(grammar, source, form, max_length)


def store_of(place: Path, about: Mapping[str, Any], grammar: "Grammar") -> "DerivationStore":
    """As `grae.datasets.origin.store_of`, with progress if the strings are encoded again."""
    from grae.datasets import origin

    return origin.store_of(place, about, grammar, build=build)
