"""The average score of a search as the published script computes it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from grae.optimization import SearchResult


def average_of(result: "SearchResult") -> float | None:
    """The published average of a search's points.

    A point without a score counts as the target's worst value, or as the worst of the start if that is not finite.
    """
    maximize = result.target.direction == "maximize"
    of_start = result.start.worst_score(maximize)
    worst = result.target.worst if np.isfinite(result.target.worst) or of_start is None else of_start
    return published_average([record.score for record in result.records], worst, maximize)


def published_average(scores: Sequence[float | None], worst: float, maximize: bool) -> float | None:
    """The average score of a search's points, as in the published script.

    A point without a valid string counts as `worst`. Then the points with the worst score overall are omitted, and no
    others: if `worst` is that of the data, a valid string can score lower.
    Source: molecule_optimization/get_final_results.py of the published code of Kusner et al. 2017. (The script for
    expressions omits the worst score of the last of all searches, which is a bug.)

    Args:
        scores: scores of all points; None if there is no valid string, or its values are not finite.
        worst: see above.
        maximize: whether higher is better.

    Returns:
        The average; None if all points have the same score.
    """
    values = np.array([worst if score is None else score for score in scores], np.float64)
    better = values > values.min() if maximize else values < values.max()
    return float(values[better].mean()) if better.any() else None
