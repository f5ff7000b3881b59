"""The folder of a search: its settings, its history, and everything needed to resume it.

search.json          the settings; a search is resumed with the same ones, except for its number of rounds
start.json           the starting strings
start-scores.jsonl   one line per scored starting string, written as it is scored
history.jsonl        one line per scored string
retrained-N/         the model fine-tuned after N rounds, with retraining; an ordinary run folder
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grae import files
from grae.errors import RunError
from grae.optimization.history import REMEDY, History, is_count, is_number, is_text, shortened
from grae.optimization.start_files import StartFiles
from grae.optimization.strategies import STRATEGIES
from grae.paths import exists, is_dir
from grae.pretrained import written_to
from grae.targets.target import Direction

HISTORY, SETTINGS = "history.jsonl", "search.json"
FORMAT = "grae search 1"
SEARCHES = "optimize"
"""Subfolder of a run that holds its searches."""
OPTIONS = {
    "half": "half (--start)",
    "direction": "direction (--minimize)",
    "decoding": "decoding (--constraints)",
}
"""Command-line names of the settings that are called differently there."""


def searches_of(run: Path) -> list[Path]:
    """The search folders in a run folder, earliest first."""
    settings = (written_to(run) / SEARCHES).glob(f"*/{SETTINGS}")
    return [file.parent for file in sorted(settings, key=lambda file: file.stat().st_mtime_ns)]


def open_history(
    folder: Path | None,
    direction: Direction,
    told: Mapping[str, Any],
    free: Mapping[str, Any],
    *,
    resume: bool,
) -> History:
    """The history of a search, empty or from its folder, whose settings are checked or written.

    In a folder without scores, the search starts anew, with or without `resume`.

    Args:
        folder: the folder; None keeps the history in memory.
        direction: direction of improvement.
        told: the settings that may not change, as JSON.
        free: the settings that may change.
        resume: whether the folder must already hold a search.

    Raises:
        RunError: the folder holds a search and `resume` is not set, holds none and `resume` is set, or holds another
            search.
    """
    if folder is None:
        if resume:
            raise RunError("there is no folder to resume from", remedy="give the folder of the search")
        return History(None, direction)
    check_folder(folder, resume=resume)
    place = folder / SETTINGS
    if place.is_file():
        stored = read_settings(folder)
        if not is_begun(folder):
            if not resume or any(stored.get(name) != value for name, value in told.items()):
                StartFiles(folder).forget()
        else:
            _check_same(folder, stored, told)
            free = {**free, "options": free.get("options") or stored.get("options")}
    files.write_json(place, {**told, **free})
    return History.read(folder / HISTORY, direction)


def check_folder(folder: Path, *, resume: bool) -> None:
    """Checks that a search can start in a folder, or be resumed from it.

    Raises:
        RunError: the path is a file, the folder holds a search and `resume` is not set, or it holds none and `resume`
            is set.
    """
    if exists(folder) and not is_dir(folder):
        raise RunError(f"{folder} is a file", remedy="give a folder for the search")
    if (folder / SETTINGS).is_file():
        if is_begun(folder) and not resume:
            raise RunError(f"{folder} already holds a search", remedy="--resume to continue it, or another folder")
    elif resume:
        raise RunError(f"{folder} holds no search to resume", remedy="omit --resume, or check --out")


def is_begun(folder: Path) -> bool:
    """Whether a folder contains any scores."""
    history = folder / HISTORY
    return (history.is_file() and history.stat().st_size > 0) or StartFiles(folder).has_scores()


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of the search in a folder.

    Raises:
        RunError: the folder holds no search, or a value in its settings file is not valid.
    """
    place = folder / SETTINGS
    stored = files.read_json(place, remedy=REMEDY)
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise RunError(f"{place} is not the settings file of a search (format {FORMAT!r})", remedy=REMEDY)
    if "strategy" not in stored and "protocol" in stored:  # the key in earlier versions
        stored["strategy"] = stored.pop("protocol")
    for name, (fits, expected) in _SETTINGS.items():
        if not fits(stored.get(name)):
            raise RunError(f"{place}: {name} is {shortened(stored.get(name))}, expected {expected}", remedy=REMEDY)
    return stored


def _check_same(folder: Path, stored: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Checks that a search is resumed with its original settings.

    Raises:
        RunError: some settings differ; the message names their options.
    """
    if stored.get("grammar") != given.get("grammar"):
        raise RunError(f"{folder} holds a search of a model of another grammar", remedy="give that model")
    files.check_unchanged(
        folder,
        {name: stored.get(name) for name in given},
        given,
        named=lambda name: OPTIONS.get(name.partition(".")[0], f"{name} (--{name.replace('_', '-')})"),
    )


def _one_of(*names: str | None) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value in names), " or ".join("null" if name is None else name for name in names)


_SETTINGS: dict[str, tuple[Callable[[object], bool], str]] = {
    "target": (is_text, "text"),
    "direction": _one_of("maximize", "minimize"),
    "strategy": (lambda value: is_text(value) and value in STRATEGIES, "the name of a strategy"),
    "propose": (lambda value: value is None or is_text(value), "text or null"),
    "surrogate": (lambda value: value is None or is_text(value), "text or null"),
    "most_atoms": (lambda value: value is None or is_count(value), "a whole number or null"),
    "most_symbols": (lambda value: value is None or is_count(value), "a whole number or null"),
    "where": (lambda value: value is None or is_text(value), "text or null"),
    "template": (lambda value: value is None or is_text(value), "text or null"),
    "diversity": (lambda value: value is None or is_text(value), "text or null"),
    "batch_size": (is_count, "a whole number of at least 0"),
    "seed": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "half": _one_of("all", "worst-half"),
    "start_limit": (is_count, "a whole number of at least 0"),
    "temperature": (lambda value: value is None or is_number(value), "a number or null"),
    "attempts": (lambda value: value is None or is_count(value), "a whole number or null"),
    "decoding": (lambda value: isinstance(value, dict), "an object"),
    "retrain_every": (lambda value: value is None or is_count(value), "a whole number or null"),
    "rounds": (is_count, "a whole number of at least 0"),
    "options": (lambda value: value is None or isinstance(value, dict), "an object"),
}
