"""The evaluations stored in a run folder, each with its settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grae.errors import RunError
from grae.files import read_json, write_json

FILE = "evaluation.json"
FORMAT = "grae evaluations 1"
MOST = 50  # maximum number stored; beyond it, the oldest are removed

Record = dict[str, Any]


def kept_evaluation(run: Path, settings: Mapping[str, object]) -> Record | None:
    """The stored evaluation with these settings, or None.

    Args:
        run: run folder.
        settings: all that the result depends on, as JSON.

    Raises:
        RunError: the file is truncated or of another format.
    """
    return next((record["found"] for record in _records(run) if record["settings"] == settings), None)


def largest_evaluation(run: Path, **settings: object) -> Record | None:
    """The stored evaluation of all measures with the most samples that matches the given settings, or None.

    Args:
        run: run folder.
        settings: a subset of the settings passed to `keep_evaluation`.

    Raises:
        RunError: the file is truncated or of another format.
    """
    whole = [record for record in _records(run) if "measures" not in record["settings"]]
    fitting = [record for record in whole if settings.items() <= record["settings"].items()]
    return max((record["found"] for record in fitting), key=lambda evaluation: evaluation["n"], default=None)


def keep_evaluation(run: Path, settings: Mapping[str, object], evaluation: Mapping[str, object]) -> None:
    """Stores an evaluation; replaces one with the same settings.

    Raises:
        RunError: the file is truncated, of another format, or cannot be written.
    """
    others = [record for record in _records(run) if record["settings"] != settings]
    records = [*others, {"settings": dict(settings), "found": dict(evaluation)}][-MOST:]
    write_json(run / FILE, {"format": FORMAT, "evaluations": records})


def _records(run: Path) -> list[Record]:
    path = run / FILE
    remedy = f"delete {path}; its evaluations will be repeated"
    if not path.is_file():
        return []
    held = read_json(path, remedy=remedy)
    records = held.get("evaluations") if isinstance(held, dict) and held.get("format") == FORMAT else None
    if not isinstance(records, list) or not all(
        isinstance(record, dict) and isinstance(record.get("settings"), dict) and isinstance(record.get("found"), dict)
        for record in records
    ):
        raise RunError(f"{path} does not hold evaluations (format {FORMAT!r})", remedy=remedy)
    return records
