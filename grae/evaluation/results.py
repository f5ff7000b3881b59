"""The evaluations of a run, kept in its folder, each with the settings that it was made with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grae.errors import RunError
from grae.files import read_json, write_json

FILE = "evaluation.json"
FORMAT = "grae evaluations 1"
MOST = 50  # evaluations kept; beyond, the oldest goes

Record = dict[str, Any]


def kept_evaluation(run: Path, settings: Mapping[str, object]) -> Record | None:
    """What an evaluation with just these settings found; None if there was none.

    Args:
        run: its folder.
        settings: all that the result depends on, as JSON holds it.

    Raises:
        RunError: the file is truncated or foreign.
    """
    return next((record["found"] for record in _records(run) if record["settings"] == settings), None)


def largest_evaluation(run: Path, **settings: object) -> Record | None:
    """What the evaluation with the most samples found, of those of all measures with some settings.

    None where there is none.

    Args:
        run: its folder.
        settings: some of those that `keep_evaluation` was given.

    Raises:
        RunError: the file is truncated or foreign.
    """
    whole = [record for record in _records(run) if "measures" not in record["settings"]]
    fitting = [record for record in whole if settings.items() <= record["settings"].items()]
    return max((record["found"] for record in fitting), key=lambda found: found["n"], default=None)


def keep_evaluation(run: Path, settings: Mapping[str, object], found: Mapping[str, object]) -> None:
    """Keeps an evaluation, in the place of one with the same settings.

    Raises:
        RunError: the file is truncated or foreign, or cannot be written.
    """
    others = [record for record in _records(run) if record["settings"] != settings]
    records = [*others, {"settings": dict(settings), "found": dict(found)}][-MOST:]
    write_json(run / FILE, {"format": FORMAT, "evaluations": records})


def _records(run: Path) -> list[Record]:
    path = run / FILE
    remedy = f"remove {path}; what it held is measured again"
    if not path.is_file():
        return []
    held = read_json(path, remedy=remedy)
    records = held.get("evaluations") if isinstance(held, dict) and held.get("format") == FORMAT else None
    if not isinstance(records, list) or not all(
        isinstance(record, dict) and isinstance(record.get("settings"), dict) and isinstance(record.get("found"), dict)
        for record in records
    ):
        raise RunError(f"{path} holds no evaluations (format {FORMAT!r})", remedy=remedy)
    return records
