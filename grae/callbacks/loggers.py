"""The base class of the loggers: what is logged, and under which names.

A training logs, by step, `step/<term>` every few steps, `train/<term>` (means) and `validation/<name>` at each
validation, and `learning_rate`; a search logs, by evaluation, `search/score`, `search/best` and `search/valid`.
"""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grae import files
from grae.callbacks.events import Evaluation, Start, Step, Validation
from grae.callbacks.protocol import Callback
from grae.errors import MissingExtraError, RunError, SettingsError
from grae.nested import flattened

KEPT = "loggers.json"
PROJECT = "grae"
RESTORE = "restore the file from a copy, or remove it: then the log starts again"


class Logger(Callback):
    """A callback that logs numbers to another tool.

    Args:
        every: steps between logged loss terms.

    Raises:
        MissingExtraError: the tool is not installed.
        SettingsError: `every` is below 1.
    """

    package = ""
    extra = ""

    def __init__(self, every: int = 10) -> None:
        if every < 1:
            raise SettingsError(f"a logger of every {every} steps", remedy="give at least 1")
        if importlib.util.find_spec(self.package) is None:
            raise MissingExtraError(self.package, self.extra)
        self.every = every

    def write(self, numbers: Mapping[str, float], step: int) -> None:
        """Logs numbers by name."""
        raise NotImplementedError

    def on_step(self, step: Step) -> None:
        """See Callback."""
        if step.step % self.every == 0:
            self.write({f"step/{name}": value for name, value in step.terms.items()}, step.step)

    def on_validation(self, validation: Validation) -> None:
        """See Callback."""
        numbers = {f"train/{name}": value for name, value in validation.train.items()}
        values = validation.validation.items()
        numbers |= {f"validation/{name}": value for name, value in values if value is not None}
        self.write({**numbers, "learning_rate": validation.learning_rate, "epoch": validation.epoch}, validation.step)

    def on_evaluation(self, evaluation: Evaluation) -> None:
        """See Callback."""
        numbers = {"search/valid": evaluation.progress.valid}
        if evaluation.score is not None:
            numbers["search/score"] = evaluation.score
        if evaluation.progress.best is not None:
            numbers["search/best"] = evaluation.progress.best.score
        self.write(numbers, evaluation.progress.evaluations)


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings flattened, with dots in the names, without None values."""
    return {name: value for name, value in flattened(settings).items() if value is not None}


def run_name(start: Start) -> str | None:
    """The run's name in the other tool: the folder's name; for a search, preceded by that of its run."""
    if start.folder is None:
        return None
    folder = start.folder.absolute()
    return folder.name if start.kind == "training" else f"{folder.parent.parent.name}-{folder.name}"


def kept_id(start: Start, tool: str) -> str | None:
    """The other tool's id of a resumed run; None for a new run, or if no id is stored.

    Raises:
        RunError: the file is damaged.
    """
    if start.folder is None or not start.done or not (start.folder / KEPT).is_file():
        return None
    return _kept(start.folder / KEPT).get(tool)


def keep_id(start: Start, tool: str, name: str) -> None:
    """Stores the other tool's id of a run. Raises RunError if the file cannot be written."""
    if start.folder is None:
        return
    path = start.folder / KEPT
    stored = _kept(path) if path.is_file() and start.done else {}
    files.write_json(path, {**stored, tool: name})


def _kept(path: Path) -> dict[str, str]:
    stored = files.read_json(path, remedy=RESTORE)
    if not isinstance(stored, dict) or not all(isinstance(value, str) for value in stored.values()):
        raise RunError(f"{path} does not hold the names of logged runs", remedy=RESTORE)
    return stored
