"""The run used by a command: the named one, or the latest."""

from pathlib import Path

from grae.cli.output import note
from grae.errors import GrammarError, RunError, SettingsError, shortened
from grae.paths import CONFIG_FILE, IMAGE_RUNS, LANGUAGE_FILE, MODEL_FILE, RUNS, exists, is_dir, is_file, place_named
from grae.pretrained import model_for, pretrained_folder

_TRAIN = {RUNS: "grae train", IMAGE_RUNS: "grae images train"}


def find_run(
    run: str | None,
    grammar: str | None = None,
    *,
    language: str | None = None,
    search: bool = False,
    holds: str | None = MODEL_FILE,
    under: Path = RUNS,
) -> Path:
    """The folder of a run.

    If a finished run on strings is requested, pretrained models are also considered: by name, unless a run has that
    name, and as the default if there is no run.

    Args:
        run: a folder, or its name under `under`; None for the latest.
        grammar: a grammar's name, file or run; restricts the latest to its runs.
        language: name of a language; restricts the latest to its runs.
        search: whether a pretrained model for searches is preferred.
        holds: file that the latest run must contain; None accepts any named folder.
        under: folder of the runs; those on images have their own.

    Raises:
        RunError: there is no such run, or none at all.
        GrammarError: there is no such grammar.
    """
    comes_along = holds == MODEL_FILE and under == RUNS
    if run is not None:
        place = place_named(run, under)
        if comes_along and not is_file(place / CONFIG_FILE) and (shipped := pretrained_folder(run)) is not None:
            note(f"model: {run} (pretrained)")
            return shipped
        if is_dir(place):
            if holds == MODEL_FILE:
                _check_complete(place, _TRAIN[under])
            return place
        raise RunError(
            f"no run {shortened(run)!r}: neither a folder nor one under {under}/{_known(under)}",
            remedy=f"name one, or train one with `{_TRAIN[under]}`",
        )
    fitting = (place for place in _newest(holds or MODEL_FILE, under) if grammar is None or _is_of(place, grammar))
    latest = next((place for place in fitting if language is None or _language(place) == language), None)
    if latest is None and comes_along:
        shipped = model_for(language, None if grammar is None else _fingerprint(grammar), search=search)
        if shipped is not None:
            note(f"model: {shipped.name} (pretrained); there is no run of your own under {under}/")
            return shipped
    if latest is None:
        of = "" if grammar is None else f" of grammar {grammar!r}"
        of += "" if language is None else f" of {language}"
        wanted = grammar or _grammar_of(language)
        option = "" if under == IMAGE_RUNS else f" --grammar {wanted}"
        raise RunError(
            f"no run{of} under {under.absolute()}{_known(under)}",
            remedy=f"train one with `{_TRAIN[under]}{option}`, or name the folder of a run",
        )
    note(f"run: {latest}")
    return latest


def named(run: str | None, model: str | None) -> str | None:
    """The run named by a command's argument or its --model.

    Raises:
        SettingsError: both are given.
    """
    if run is not None and model is not None:
        raise SettingsError(f"--model {model} and the run {run} cannot be combined", remedy="give only one of them")
    return run if model is None else model


def new_run(grammar: str, model: str, under: Path = RUNS) -> Path:
    """The first unused folder `runs/<grammar>-<model>-<number>`; for images, with the data instead of the grammar."""
    number = 1
    while (place := under / f"{grammar}-{model}-{number}").exists():
        number += 1
    return place


def place_for(out: Path | None, data: str, model: str, under: Path = RUNS) -> Path:
    """The folder of a new run: the requested one, or `new_run`; chosen by rank 0 for all processes.

    Raises:
        RunError: the folder is not empty.
    """
    from grae.training.processes import broadcast_from_main

    def choose() -> Path:
        place = out or new_run(data, model, under)
        check_new(place)
        return place

    return broadcast_from_main(choose)


def check_new(place: Path | None) -> None:
    """Checks that a new run would overwrite nothing; None is a folder to be chosen later.

    Raises:
        RunError: the path is a file, or a folder that is not empty.
    """
    if place is None or (is_dir(place) and not any(place.iterdir())):
        return
    if exists(place):
        what = "a folder that is not empty" if place.is_dir() else "a file"
        resume = "continue it with --resume, or " if (place / CONFIG_FILE).is_file() else ""
        raise RunError(f"--out {place} already exists: {what}", remedy=f"{resume}choose another folder")


def _check_complete(place: Path, train: str) -> None:
    """Checks a run's files before anything heavy is imported. Raises RunError: it is not a run, or not finished."""
    if not (place / CONFIG_FILE).is_file():
        raise RunError(f"{place} is not a run: {CONFIG_FILE} is missing", remedy=f"give a folder made by `{train}`")
    if not (place / MODEL_FILE).is_file():
        raise RunError(
            f"{place} holds no {MODEL_FILE}: its training has not finished", remedy=f"{train} --resume --out {place}"
        )


def _newest(holds: str, under: Path) -> list[Path]:
    """The runs under a folder, latest first."""
    written = [(file.stat().st_mtime_ns, file.parent) for file in under.glob(f"*/{holds}")]
    return [place for _, place in sorted(written, reverse=True)]


def _is_of(place: Path, grammar: str) -> bool:
    wanted = _fingerprint(grammar)
    named = place / LANGUAGE_FILE
    try:
        return _fingerprint(named if named.is_file() else place) == wanted
    except GrammarError:  # damaged runs are ignored
        return False


def _fingerprint(grammar: str | Path) -> str:
    """The fingerprint of a grammar without motifs."""
    from grae.grammar import load_grammar

    held = load_grammar(grammar)
    return (getattr(held, "base", None) or held).fingerprint


def _language(place: Path) -> str | None:
    """The name of a run's language; None if its grammar is damaged."""
    from grae.grammar import load_grammar

    named = place / LANGUAGE_FILE
    try:
        return load_grammar(named if named.is_file() else place).language.name
    except GrammarError:
        return None


def _grammar_of(language: str | None) -> str:
    """The grammar of a language's default data set, or that of the first default data set if there is none."""
    from grae.datasets.registry import entries

    defaults = [entry for entry in entries().values() if entry.default]
    return next((entry.grammar for entry in defaults if entry.language == language), defaults[0].grammar)


def _known(under: Path) -> str:
    names = sorted(place.parent.name for place in under.glob(f"*/{CONFIG_FILE}"))
    shown = ", ".join(names[-8:])
    return f" (there: {'..., ' if len(names) > 8 else ''}{shown})" if names else ""
