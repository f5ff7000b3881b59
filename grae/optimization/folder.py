"""The folder of a search: the settings it was begun with, its history, and what a killed one goes on from.

search.json         the settings; a search is resumed with the same ones, but for its number of rounds
history.jsonl       a line a scored string
start.safetensors   the scores of the strings that it starts from, where the target is the user's own
retrained-N/        the model after N rounds, where it is trained on in the search; a run like any other
"""

from pathlib import Path
from typing import Any

from grae import files
from grae.errors import RunError
from grae.optimization.history import REMEDY, History
from grae.optimization.targets import Direction

HISTORY, SETTINGS, START = "history.jsonl", "search.json", "start.safetensors"
FORMAT = "grae search 1"


def open_history(
    folder: Path | None, direction: Direction, told: dict[str, Any], rounds: int, *, resume: bool
) -> History:
    """The history of a search, empty or from its folder, whose settings are checked or written.

    Args:
        folder: the folder; None keeps the history in memory.
        direction: which way the scores improve.
        told: the settings that may not change, as JSON holds them.
        rounds: what may.
        resume: whether the folder should hold a search already.

    Raises:
        RunError: it does and should not, or should and does not, or holds another search.
    """
    if folder is None:
        if resume:
            raise RunError("there is no folder to resume from", remedy="give the folder of the search")
        return History(None, direction)
    place = folder / SETTINGS
    if place.is_file():
        if not resume:
            raise RunError(f"{folder} already holds a search", remedy="--resume to continue it, or another folder")
        kept = files.read_json(place, remedy=REMEDY)
        if not isinstance(kept, dict) or kept.get("format") != FORMAT:
            raise RunError(f"{place} is no settings of a search (format {FORMAT!r})", remedy=REMEDY)
        different = [name for name, value in told.items() if kept.get(name) != value]
        if different:
            raise RunError(
                f"{folder} holds a search with another {', '.join(different)}",
                remedy="resume with the same settings, or search into another folder",
            )
    elif resume:
        raise RunError(f"{folder} holds no search to resume", remedy="leave --resume out")
    files.write_json(place, {**told, "rounds": rounds})
    return History.read(folder / HISTORY, direction)
