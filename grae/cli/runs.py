"""Which run a command means: the one that is named, or the latest."""

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
    holds: str | None = MODEL_FILE,
    under: Path = RUNS,
) -> Path:
    """The folder of a run.

    Where finished runs of strings are asked for, the models that come with grae count too: by their names, unless a run
    has that name, and in the place of the latest run where there is none.

    Args:
        run: a folder, or the name of one under `under`; None for the latest.
        grammar: a grammar's name, file or run; narrows the latest to its runs.
        language: the name of the strings' language; narrows the latest to its runs.
        holds: the file that a run must hold to count as the latest; None for any folder that is named.
        under: where the runs lie; those of images have a folder of their own.

    Raises:
        RunError: there is no such run, or none to choose from.
        GrammarError: there is no such grammar.
    """
    comes_along = holds == MODEL_FILE and under == RUNS
    if run is not None:
        place = place_named(run, under)
        if comes_along and not is_file(place / CONFIG_FILE) and (shipped := pretrained_folder(run)) is not None:
            note(f"model: {run}, which comes with grae")
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
        shipped = model_for(language, None if grammar is None else _fingerprint(grammar))
        if shipped is not None:
            note(f"model: {shipped.name}, which comes with grae; there is no run of your own under {under}/")
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
    """The run that a command's argument or its --model names.

    Raises:
        SettingsError: both were given.
    """
    if run is not None and model is not None:
        raise SettingsError(f"--model {model} beside the run {run}", remedy="give one of them")
    return run if model is None else model


def new_run(grammar: str, model: str, under: Path = RUNS) -> Path:
    """The first folder `runs/<grammar>-<model>-<number>` that is not there; of images, data in the grammar's place."""
    number = 1
    while (place := under / f"{grammar}-{model}-{number}").exists():
        number += 1
    return place


def place_for(out: Path | None, data: str, model: str, under: Path = RUNS) -> Path:
    """The folder of a new run: the one that is asked for, or else `new_run`; the main process's, among several.

    Raises:
        RunError: there is something in it.
    """
    from grae.training.processes import broadcast_from_main

    def found() -> Path:
        place = out or new_run(data, model, under)
        check_new(place)
        return place

    return broadcast_from_main(found)


def check_new(place: Path | None) -> None:
    """Makes sure that a new run overwrites nothing; None is a folder that is yet to be chosen.

    Raises:
        RunError: the place is a file, or a folder with something in it.
    """
    if place is None or (is_dir(place) and not any(place.iterdir())):
        return
    if exists(place):
        what = "a folder that is not empty" if place.is_dir() else "a file"
        resume = "continue it with --resume, or " if (place / CONFIG_FILE).is_file() else ""
        raise RunError(f"--out {place} is already there: {what}", remedy=f"{resume}choose another folder")


def _check_complete(place: Path, train: str) -> None:
    """A look at a run's files, before anything heavy is loaded. Raises RunError: no run, or one that has not ended."""
    if not (place / CONFIG_FILE).is_file():
        raise RunError(f"{place} is not a run: {CONFIG_FILE} is missing", remedy=f"give a folder made by `{train}`")
    if not (place / MODEL_FILE).is_file():
        raise RunError(
            f"{place} holds no {MODEL_FILE}: its training has not finished", remedy=f"{train} --resume --out {place}"
        )


def _newest(holds: str, under: Path) -> list[Path]:
    """The runs under a folder, the last written first."""
    written = [(file.stat().st_mtime_ns, file.parent) for file in under.glob(f"*/{holds}")]
    return [place for _, place in sorted(written, reverse=True)]


def _is_of(place: Path, grammar: str) -> bool:
    wanted = _fingerprint(grammar)
    named = place / LANGUAGE_FILE
    try:
        return _fingerprint(named if named.is_file() else place) == wanted
    except GrammarError:  # a damaged run is not the one that is looked for
        return False


def _fingerprint(grammar: str | Path) -> str:
    """Of a grammar without motifs."""
    from grae.grammar import load_grammar

    held = load_grammar(grammar)
    return (getattr(held, "base", None) or held).fingerprint


def _language(place: Path) -> str | None:
    """The name of the language of a run's strings; None where its grammar is damaged."""
    from grae.grammar import load_grammar

    named = place / LANGUAGE_FILE
    try:
        return load_grammar(named if named.is_file() else place).language.name
    except GrammarError:
        return None


def _grammar_of(language: str | None) -> str:
    """The grammar of the data set that is the default of a language; that of molecules where there is none."""
    from grae.datasets.registry import entries

    defaults = [entry for entry in entries().values() if entry.default]
    return next((entry.grammar for entry in defaults if entry.language == language), defaults[0].grammar)


def _known(under: Path) -> str:
    names = sorted(place.parent.name for place in under.glob(f"*/{CONFIG_FILE}"))
    shown = ", ".join(names[-8:])
    return f" (there: {'..., ' if len(names) > 8 else ''}{shown})" if names else ""
