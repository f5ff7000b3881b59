"""Ranking of candidates for several objectives: one Gaussian process each, on the same views."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from scipy.special import ndtr

from grae.optimization.improvement import log_improvement
from grae.optimization.objectives.hypervolume import cells
from grae.optimization.objectives.table import chebyshev, nondominated
from grae.optimization.ranking import GAINS, Acquisition, Moments, Ranker, Ranking
from grae.optimization.views import Features, View

Preference = Literal["hypervolume", "chebyshev"]
DRAWS = 32
BELOW = 0.1
"""Distance of the reference point below the worst of the front, as a fraction of the front's range."""
MOST_CELLS = 2_000_000
"""Maximum of cells times candidates computed together."""


class ParetoRanking(Ranker):
    """The acquisition function of candidates for the Pareto front.

    "hypervolume" is the expected improvement of the front's hypervolume, exact for independent processes: a sum over
    the cells of the nondominated region (Yang et al., "Efficient Computation of Expected Hypervolume Improvement",
    Journal of Global Optimization 75, 2019). After each selected string, its mean counts as observed. "chebyshev" is
    the expected improvement of a scalarization with the weights of the round (Knowles 2006, ParEGO), by Monte Carlo.

    Args:
        views: views of the strings.
        features: features of the known strings, for each view.
        table: scores of the known strings, (n, m) float64, higher is better.
        allowed: which of them can be on the front, (n,) bool.
        weights: weights of the scalarization, (m,).
        preference: see above.
    """

    def __init__(
        self,
        views: Sequence[View],
        features: Sequence[Features],
        table: np.ndarray,
        allowed: np.ndarray,
        weights: np.ndarray,
        preference: Preference,
    ) -> None:
        self.parts = [Ranking(views, features, column, allowed) for column in table.T]
        self.weights, self.preference = weights, preference
        outcomes = np.column_stack([part.outcomes for part in self.parts])
        outcomes = outcomes[allowed] if allowed.any() else outcomes
        self.front = np.unique(outcomes[nondominated(outcomes)], axis=0)
        low, self.best = self.front.min(axis=0), self.front.max(axis=0)
        self.range = np.maximum(self.best - low, 1e-3)
        self.reference = low - BELOW * self.range
        self.incumbent = float(chebyshev(self._scaled(self.front), weights).max())

    def moments(self, candidates: Sequence[Features]) -> Moments:
        """See Ranker; (c, m) float64 each."""
        both = [part.moments(candidates) for part in self.parts]
        return np.column_stack([mean for mean, _ in both]), np.column_stack([deviation for _, deviation in both])

    def promise(
        self, moments: Moments, taken: Sequence[int], rng: np.random.Generator, acquisition: Acquisition
    ) -> np.ndarray:
        """See Ranker."""
        means, deviations = moments
        near = chebyshev(self._scaled(means), self.weights)
        if self.preference == "hypervolume":
            front = np.concatenate([self.front, means[list(taken)]])
            front = front[nondominated(front)]
            return np.log(expected_improvement(means, deviations, front, self.reference) + 1e-30) + 1e-3 * near
        noise = rng.standard_normal((DRAWS, 1, means.shape[1]))
        drawn = chebyshev(self._scaled(means + noise * deviations), self.weights)
        incumbent = self.incumbent + 10 ** rng.uniform(*GAINS)
        mean, deviation = torch.from_numpy(drawn.mean(axis=0)), torch.from_numpy(drawn.std(axis=0) + 1e-9)
        return log_improvement(mean, deviation, incumbent).numpy()

    def _scaled(self, outcomes: np.ndarray) -> np.ndarray:
        """Outcomes scaled to 1 at the best and 0 at the worst of the front, for each objective."""
        return 1 - (self.best - outcomes) / self.range


def expected_improvement(
    means: np.ndarray, deviations: np.ndarray, front: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """The expected improvement of a front's hypervolume under independent normal predictions, (c,) float64.

    Args:
        means: predicted means of the candidates' objectives, (c, m), higher is better.
        deviations: their standard deviations, (c, m), positive.
        front: nondominated points, (p, m).
        reference: the reference point of the hypervolume, (m,).
    """
    lower, upper = cells(front, reference)  # (k, m)
    improvement = np.zeros(len(means))
    size = max(1, MOST_CELLS // max(1, lower.size))
    for first in range(0, len(means), size):
        mean, deviation = (part[first : first + size, None] for part in (means, deviations))
        width = _above(mean, deviation, lower) - _above(mean, deviation, upper)
        improvement[first : first + size] = np.maximum(width, 0).prod(axis=2).sum(axis=1)
    return improvement


def _above(mean: np.ndarray, deviation: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """E[max(y - bound, 0)] of a normal y, elementwise; 0 for an infinite bound."""
    finite = np.isfinite(bound)
    u = (mean - np.where(finite, bound, 0.0)) / deviation
    value = deviation * (np.exp(-0.5 * np.square(u)) / np.sqrt(2 * np.pi) + u * ndtr(u))
    return np.where(finite, value, 0.0)
