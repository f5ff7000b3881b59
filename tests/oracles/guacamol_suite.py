"""The goal-directed tasks of `guacamol` 0.5.5 as an oracle: pip install --no-deps guacamol==0.5.5

It was written for a scipy that had `histogram`, which is put back here while it is imported.
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import scipy
from rdkit import RDLogger

from grae.targets.benchmarks.names import GUACAMOL


def scores() -> dict[str, Callable[[Sequence[str]], np.ndarray]]:
    """What scores SMILES, by our names of its tasks; a test is skipped where `guacamol` cannot be imported."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(scipy, "histogram", np.histogram, raising=False)
        suites = pytest.importorskip(
            "guacamol.benchmark_suites",
            reason="needs guacamol: pip install --no-deps guacamol==0.5.5",
            exc_type=ImportError,
        )
        RDLogger.logger().setLevel(RDLogger.INFO)  # which guacamol has set for everyone
        tasks = suites.goal_directed_benchmark_suite("v2")

    def scorer(objective) -> Callable[[Sequence[str]], np.ndarray]:
        return lambda texts: np.array(objective.score_list(list(texts)), np.float64)

    return {name: scorer(task.objective) for name, task in zip(GUACAMOL, tasks, strict=True)}
