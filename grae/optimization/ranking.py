"""Candidates ranked by a surrogate: an exact Gaussian process on one or more views of the strings."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from grae.optimization.improvement import log_improvement
from grae.optimization.process import Process
from grae.optimization.views import Features, View

Acquisition = Literal["improvement", "ucb", "thompson"]
MOST_DRAWN = 500
"""Candidates that a joint draw covers."""
FITTED = 400
"""Strings by which a kernel's hyperparameter and the noise are chosen."""
BETAS = (-2.0, 0.0)
"""Between which powers of ten the weight of the standard deviation is drawn, log-uniformly."""
GAINS = (-3.0, 0.0)
"""Between which powers of ten the gain is drawn that is hoped for, in standard deviations of the outcomes."""
NOISES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Variances of the noise that are tried, as shares of the amplitude: what a view cannot tell apart is noise to it."""


def outcomes_of(values: np.ndarray) -> np.ndarray:
    """Values (n,), higher better, as a process is fitted to them: the bad end clipped, zero mean and unit variance.

    How far apart the good ones lie is kept, as it says where to look; ranks would stretch the fourth decimal of a
    plateau to the size of everything else. What lies further below the median than the best above it is cut off there.
    """
    median = float(np.median(values))
    cut = np.maximum(values, median - max(float(values.max()) - median, 1e-12))
    return (cut - cut.mean()) / max(float(cut.std()), 1e-12)


class Ranking:
    """A process fitted to known strings; the mean of the kernels of several views.

    Args:
        views: of the strings.
        features: of the known, for each view.
        values: (n,) float64, higher better.
    """

    def __init__(self, views: Sequence[View], features: Sequence[Features], values: np.ndarray) -> None:
        self.views, self.features = views, features
        outcomes = outcomes_of(values)
        compared = [view.compare(known, known) for view, known in zip(views, features, strict=True)]
        part = np.linspace(0, len(values) - 1, min(FITTED, len(values))).astype(int)
        self.best = float(outcomes.max())
        self.hyperparameters = [
            _best_hyperparameter(view, table[np.ix_(part, part)], outcomes[part])
            for view, table in zip(views, compared, strict=True)
        ]
        gram = self._kernel(compared)
        self.noise = _best_noise(gram[np.ix_(part, part)], outcomes[part])
        self.process = Process(gram, outcomes, self.noise)

    def moments(self, candidates: Sequence[Features]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of candidates, given by their features in each view, (m,) float64 each."""
        own = self._kernel([view.compare_itself(one) for view, one in zip(self.views, candidates, strict=True)])
        return self.process.moments(self._between(candidates, self.features), own)

    def utility(self, candidates: Sequence[Features], rng: np.random.Generator, acquisition: Acquisition) -> np.ndarray:
        """How promising candidates are, (m,) float64, as one place of a round would be filled."""
        return self._utility(*self.moments(candidates), rng, acquisition)

    def take(
        self, candidates: Sequence[Features], n: int, rng: np.random.Generator, acquisition: Acquisition
    ) -> list[int]:
        """Which of some candidates to score next, at most n.

        "improvement" takes for each the greatest expected improvement on more than the best known, by how much being
        drawn log-uniformly, so that small gains near at hand and large ones further off are both looked for; "ucb" the
        greatest mean plus beta standard deviations, beta = 10^U(-2, 0) (Tripp and Hernandez-Lobato 2023); "thompson"
        for each of n functions drawn jointly the best.
        """
        mean, deviation = self.moments(candidates)
        taken: list[int] = []
        if acquisition != "thompson":
            for _ in range(min(n, len(mean))):
                order = np.argsort(-self._utility(mean, deviation, rng, acquisition), kind="stable")
                taken.append(next(int(place) for place in order if place not in taken))
            return taken
        looked_at = np.argsort(-(mean + 2 * deviation), kind="stable")[:MOST_DRAWN]
        some = [take_rows(features, looked_at) for features in candidates]
        own, cross = self._between(some, some), self._between(some, self.features)
        for function in self.process.draw(cross, own, min(n, len(looked_at)), rng):
            order = looked_at[np.argsort(-function, kind="stable")]
            taken.append(next(int(place) for place in order if place not in taken))
        return taken

    def _utility(
        self, mean: np.ndarray, deviation: np.ndarray, rng: np.random.Generator, acquisition: Acquisition
    ) -> np.ndarray:
        if acquisition == "ucb":
            return mean + 10 ** rng.uniform(*BETAS) * deviation
        incumbent = self.best + 10 ** rng.uniform(*GAINS)
        return log_improvement(torch.from_numpy(mean), torch.from_numpy(deviation), incumbent).numpy()

    def _between(self, one: Sequence[Features], other: Sequence[Features]) -> np.ndarray:
        pairs = zip(self.views, one, other, strict=True)
        return self._kernel([view.compare(left, right) for view, left, right in pairs])

    def _kernel(self, compared: Sequence[np.ndarray]) -> np.ndarray:
        parts = zip(self.views, compared, self.hyperparameters, strict=True)
        return np.mean([view.kernel(table, chosen) for view, table, chosen in parts], axis=0)


def take_rows(features: Features, rows: np.ndarray) -> Features:
    """Some rows of features."""
    return features[rows] if isinstance(features, np.ndarray) else features.rows(rows)


def join_rows(parts: Sequence[Features]) -> Features:
    """Rows of features, one after the other."""
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else type(parts[0]).join(parts)


def _best_hyperparameter(view: View, compared: np.ndarray, outcomes: np.ndarray) -> Any:
    choices = view.hyperparameters(compared)
    if len(choices) == 1:
        return choices[0]
    evidence = [Process(view.kernel(compared, choice), outcomes).log_evidence for choice in choices]
    return choices[int(np.argmax(evidence))]


def _best_noise(gram: np.ndarray, outcomes: np.ndarray) -> float:
    return NOISES[int(np.argmax([Process(gram, outcomes, noise).log_evidence for noise in NOISES]))]
