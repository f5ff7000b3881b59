"""A benchmark task as a target."""

from collections.abc import Sequence

import numpy as np
from rdkit import rdBase

from grae.chemistry import read
from grae.errors import SettingsError
from grae.targets.benchmarks.classifiers import classifier
from grae.targets.benchmarks.names import LEARNED, SUITES
from grae.targets.benchmarks.tasks import TASKS
from grae.targets.target import Direction


class BenchmarkTarget:
    """A benchmark task; scores are from 0 to 1, higher is better.

    Args:
        suite: guacamol or pmo.
        task: the name of a task.

    Raises:
        SettingsError: there is no such task.
        DataError: the file of the task's classifier is missing.
    """

    direction: Direction = "maximize"
    language: str | None = "molecules"
    own = False
    worst = 0.0

    def __init__(self, suite: str, task: str) -> None:
        if task not in SUITES[suite]:
            raise SettingsError.unknown(f"task of {suite}", task, SUITES[suite])
        if task in LEARNED:
            classifier(task)
        self.name = f"{suite}:{task}"
        self.task = task

    def __repr__(self) -> str:
        return f"BenchmarkTarget({self.name!r})"

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The score of each molecule, (n,) float64; NaN if RDKit cannot read it."""
        molecules = [read(text) for text in strings]
        scores = np.full(len(strings), np.nan)
        rows = [row for row, molecule in enumerate(molecules) if molecule is not None]
        if rows:
            with rdBase.BlockLogs():
                scores[rows] = TASKS[self.task]([molecule for molecule in molecules if molecule is not None])
        return scores
