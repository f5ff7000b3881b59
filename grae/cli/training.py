"""The work of `grae train`: starting or resuming a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.distributed import launched
from grae.cli.finetuning import restarted
from grae.cli.output import note, training_progress
from grae.cli.resuming import with_changes
from grae.cli.runs import check_new, place_for
from grae.errors import RunError, SettingsError

if TYPE_CHECKING:
    from grae.callbacks import Callback
    from grae.cli.options import OnInvalid
    from grae.datasets import DerivationStore
    from grae.sequence import GrammarAutoencoder

TEST = 0.05  # fraction of the strings in the test set, for `grae evaluate`


def start_run(
    name: str,
    notation: dict[str, str | None],
    data: dict[str, Any],
    on_invalid: "OnInvalid",
    parameters: dict[str, Any],
    out: Path | None,
    callbacks: "Sequence[Callback]",
) -> "tuple[Path, GrammarAutoencoder, DerivationStore]":
    """Trains a new run.

    Args:
        name: name of a grammar, or its file.
        notation: arguments of `load_grammar`: the file's format, and the alphabet of its sets.
        data: the strings, their column and delimiter.
        on_invalid: whether strings outside the grammar are errors or skipped.
        parameters: parameters of `GrammarAutoencoder`.
        out: run folder; None for a new one.
        callbacks: called during training.
    """
    from grae.cli.strings import encoder, undecodable_note
    from grae.datasets import default_dataset
    from grae.datasets.forms import undecodable
    from grae.grammar import load_grammar
    from grae.grammar.analysis import KILLED
    from grae.sequence.resolution import resolve_settings
    from grae.sequence.strings import RunStrings

    # invalid options are reported before torch is imported, which takes seconds
    grammar = load_grammar(name, **notation)
    grammar = grammar.plain  # without the motifs of a run
    for finding in grammar.analysis.findings:
        if finding.kind in KILLED:
            note(f"warning: {finding}")
    resolved = resolve_settings(parameters, grammar)
    if not launched():  # in distributed training rank 0 checks, below
        check_new(out)
    opened = RunStrings.open(grammar, resolved, **{**data, "data": data["data"] or default_dataset(grammar)})

    from grae.training.processes import main_process_first, several

    if opened.source.is_stream and several():
        raise SettingsError("several processes cannot share standard input", remedy="save the strings in a file first")
    place = place_for(out, grammar.name, parameters["model"])
    with main_process_first():
        store = opened.encode(encoder(on_invalid, place))
    if n_undecodable := int(undecodable(grammar, store.derivations, opened.form).sum()):
        note(undecodable_note(n_undecodable, len(store)))

    from grae.sequence import GrammarAutoencoder

    note(f"run: {place}")
    fitted = GrammarAutoencoder(grammar, **parameters, test=TEST, progress=training_progress())
    fitted.fit(store, run=place, data=opened.record(store), callbacks=callbacks)
    return place, fitted, store


def resume_run(
    place: Path, grammar: str | None, given: dict[str, Any], callbacks: "Sequence[Callback]"
) -> "tuple[Path, GrammarAutoencoder, DerivationStore]":
    """Resumes a run with its own settings."""
    from grae.cli.strings import store_of
    from grae.estimator.configuration import checked_parameters
    from grae.grammar import load_grammar
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.configuration import STRINGS, read_config, read_language_grammar
    from grae.training.processes import main_process_first
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    config, plain = read_config(folder), read_language_grammar(folder)
    parameters, about = checked_parameters(STRINGS, folder, config, GrammarAutoencoder), config.get("data", {})
    if grammar is not None and load_grammar(grammar) != plain:
        raise RunError(f"{place} is a run of another grammar than {grammar!r}", remedy="omit --grammar")
    parameters = with_changes(place, parameters, given, about)
    with main_process_first():
        store = store_of(place, about, plain)
    note(f"resuming: {place}")
    fitted = GrammarAutoencoder(plain, **parameters, progress=training_progress())
    has_checkpoint = folder.has(folder.CHECKPOINT)
    if not has_checkpoint:
        note(f"{place} was stopped before its first checkpoint; starting again")
    more = {"callbacks": callbacks, **restarted(folder, about, has_checkpoint)}
    return place, fitted.fit(store, run=place, resume=has_checkpoint, data=about, **more), store
