"""`grae train --from MODEL`: fine-tuning."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, training_progress
from grae.cli.runs import check_new, find_run, place_for
from grae.errors import RunError, SettingsError

if TYPE_CHECKING:
    from grae.callbacks import Callback
    from grae.datasets import DerivationStore
    from grae.sequence import GrammarAutoencoder
    from grae.training.run_folder import RunFolder

OF_MODEL = ("preset", "model", "architecture", "latent_dim", "motifs", "max_length", "form")
"""Parameters that are taken from the fine-tuned model."""
HELD_BACK = 0.1
"""Fraction of the new strings in the validation set and in the test set; larger than usual, since they may be few."""


def tuned(
    start: str,
    grammar: str | None,
    strings: Mapping[str, Any],
    on_invalid: Any,
    parameters: Mapping[str, Any],
    given: Mapping[str, Any],
    replay: float | None,
    out: Path | None,
    callbacks: "Sequence[Callback]" = (),
) -> "tuple[Path, GrammarAutoencoder, DerivationStore]":
    """Fine-tunes a model in a new run.

    Args:
        start: name or run of the model.
        grammar: the option --grammar; it must be the model's grammar.
        strings: data, column, delimiter.
        on_invalid: whether strings outside the language are errors or skipped.
        parameters: parameters of the estimator.
        given: parameters in `OF_MODEL` given on the command line.
        replay: fraction of replayed samples in each batch.
        out: run folder; None for a new one.
        callbacks: called during training.

    Raises:
        SettingsError: no data, or a parameter that is taken from the model.
        RunError, DataError: the model, the data or the folder cannot be used.
    """
    from grae.cli.strings import encoder
    from grae.grammar import load_grammar
    from grae.sequence.configuration import read_language_grammar, read_settings
    from grae.sequence.strings import RunStrings
    from grae.training.processes import main_process_first
    from grae.training.run_folder import RunFolder

    place = find_run(start)
    plain, settings = read_language_grammar(RunFolder(place)), read_settings(RunFolder(place))
    if given:
        name = next(iter(given))
        raise SettingsError(
            f"--{name.replace('_', '-')} cannot be combined with --from, which keeps the model's own",
            remedy="omit it, or train without --from",
        )
    if grammar is not None and load_grammar(grammar) != plain:
        raise SettingsError(f"{start} is a model of another grammar than {grammar!r}", remedy="omit --grammar")
    if strings["data"] is None:
        raise SettingsError("--from needs the strings to train on", remedy="name them: --data FILE")
    check_new(out)
    opened = RunStrings.open(plain, settings, **strings)
    stem = "stdin" if opened.source.is_stream else Path(strings["data"]).name.partition(".")[0]
    into = place_for(out, place.name, stem)
    with main_process_first():
        store = opened.encode(encoder(on_invalid, into))

    from grae.sequence import GrammarAutoencoder

    note(f"run: {into}")
    settled = {**parameters, "model": settings.model, "preset": settings.preset}
    fitted = GrammarAutoencoder(plain, **settled, validation=HELD_BACK, test=HELD_BACK, progress=training_progress())
    more: dict[str, Any] = {"callbacks": callbacks, **({} if replay is None else {"replay": replay})}
    fitted.fit(store, run=into, data=opened.record(store), warm_start=place if place.is_dir() else start, **more)
    return into, fitted, store


def restarted(folder: "RunFolder", about: Mapping[str, Any], has_checkpoint: bool) -> dict[str, Any]:
    """Arguments of `fit` to restart fine-tuning that stopped before its first checkpoint; {} for other runs.

    Raises:
        RunError: the run does not name its original model.
    """
    from grae.sequence.finetuning import is_begun
    from grae.sequence.replay import Replay

    if has_checkpoint or not is_begun(folder.path):
        return {}
    if about.get("from") is None:
        raise RunError(f"{folder.path} does not name its original model", remedy="train a new run with --from")
    return {"warm_start": about["from"], "replay": Replay.read(folder).share}


def print_finetuning(fitted: "GrammarAutoencoder") -> None:
    """Prints reconstruction accuracy before and after fine-tuning, on new strings and on samples of the model."""
    report = getattr(fitted, "finetuning_", None)
    if report is None:
        return
    names = {"new": "new strings", "replayed": "samples of the old model"}
    rows = [
        [title, report["held_out"][name], *(_share(report[when][name]) for when in ("exact_before", "exact_after"))]
        for name, title in names.items()
    ]
    note("reconstruction accuracy, held out:")
    for title, n, before, after in rows:
        note(f"  {n:>6,} {title:<28} before {before:>8}   after {after:>8}")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
