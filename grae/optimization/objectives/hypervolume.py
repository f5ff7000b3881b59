"""The hypervolume of a front above a reference point, computed by BoTorch."""

from functools import cache
from typing import Any

import numpy as np
import torch

from grae.optimization.objectives.table import dominated, nondominated


@cache
def _botorch() -> tuple[Any, Any]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # linear_operator uses a deprecated torch API
        from botorch.utils.multi_objective.box_decompositions import FastNondominatedPartitioning
        from botorch.utils.multi_objective.hypervolume import Hypervolume
    return FastNondominatedPartitioning, Hypervolume


def hypervolume(table: np.ndarray, reference: np.ndarray) -> float:
    """The volume between the front of points (n, m), higher is better, and a reference point (m,); 0 without points."""
    above = table[(table > reference).all(axis=1)]
    if not len(above):
        return 0.0
    front = above[nondominated(above)]
    compute = _botorch()[1](torch.from_numpy(np.asarray(reference, np.float64)))
    return float(compute.compute(torch.from_numpy(np.unique(front, axis=0))))


def hypervolumes(table: np.ndarray, reference: np.ndarray, begun: np.ndarray) -> np.ndarray:
    """The hypervolume after each of n points, (n,) float64.

    Args:
        table: the points in order, (n, m), higher is better; NaN for points that do not count.
        reference: the reference point (m,).
        begun: initial points (p, m).
    """
    front = begun[nondominated(begun)] if len(begun) else np.empty((0, table.shape[1]))
    volumes = np.empty(len(table))
    volume = hypervolume(front, reference)
    for number, row in enumerate(table):
        if np.isfinite(row).all() and not (len(front) and dominated(row, front)):
            front = np.concatenate([front, row[None]])
            front = front[nondominated(front)]
            volume = hypervolume(front, reference)
        volumes[number] = volume
    return volumes


def cells(front: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The region above a reference point (m,) that is not dominated by a front (p, m), as disjoint boxes.

    Returns:
        Lower and upper corners of the boxes, (k, m) float64 each; upper corners may be infinite.
    """
    partitioning = _botorch()[0](torch.from_numpy(np.asarray(reference, np.float64)), torch.from_numpy(front))
    lower, upper = partitioning.get_hypercell_bounds().numpy()
    return lower, upper
