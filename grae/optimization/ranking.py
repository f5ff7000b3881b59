"""Candidates ranked by a surrogate: an exact Gaussian process on one or more views of the strings."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from grae.optimization.process import Process
from grae.optimization.views import Features, View

Acquisition = Literal["ucb", "thompson"]
MOST_DRAWN = 500
"""Candidates that a joint draw covers."""
FITTED = 400
"""Strings that a kernel's length is chosen by."""


def outcomes_of(values: np.ndarray) -> np.ndarray:
    """Values (n,), higher better, as a process is fitted to them: the bad end clipped, zero mean and unit variance.

    How far apart the good ones lie is kept, as it says where to look. What lies further below the median than the best
    above it is cut off there: how bad the bad ones are says little.
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
        self.lengths = [
            _best_length(view, table[np.ix_(part, part)], outcomes[part])
            for view, table in zip(views, compared, strict=True)
        ]
        self.process = Process(self._kernel(compared), outcomes)

    def moments(self, candidates: Sequence[Features]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of candidates, given by their features in each view, (m,) float64 each."""
        return self.process.moments(self._between(candidates, self.features))

    def upper(self, candidates: Sequence[Features], beta: float) -> np.ndarray:
        """Mean plus beta standard deviations, (m,) float64."""
        mean, deviation = self.moments(candidates)
        return mean + beta * deviation

    def take(
        self, candidates: Sequence[Features], n: int, rng: np.random.Generator, acquisition: Acquisition
    ) -> list[int]:
        """Which of some candidates to score next, at most n.

        "ucb" takes for each the greatest mean plus beta standard deviations, beta = 10^U(-2, 0) (Tripp and
        Hernandez-Lobato 2023); "thompson" for each of n functions drawn jointly the best.
        """
        mean, deviation = self.moments(candidates)
        taken: list[int] = []
        if acquisition == "ucb":
            for beta in betas(n, rng):
                order = np.argsort(-(mean + beta * deviation), kind="stable")
                taken += [next(int(place) for place in order if place not in taken)] if len(taken) < len(mean) else []
            return taken
        looked_at = np.argsort(-(mean + 2 * deviation), kind="stable")[:MOST_DRAWN]
        some = [take_rows(features, looked_at) for features in candidates]
        own, cross = self._between(some, some), self._between(some, self.features)
        for function in self.process.draw(cross, own, min(n, len(looked_at)), rng):
            order = looked_at[np.argsort(-function, kind="stable")]
            taken.append(next(int(place) for place in order if place not in taken))
        return taken

    def _between(self, one: Sequence[Features], other: Sequence[Features]) -> np.ndarray:
        pairs = zip(self.views, one, other, strict=True)
        return self._kernel([view.compare(left, right) for view, left, right in pairs])

    def _kernel(self, compared: Sequence[np.ndarray]) -> np.ndarray:
        parts = zip(self.views, compared, self.lengths, strict=True)
        return sum(view.kernel(table, length) for view, table, length in parts) / len(self.views)


def betas(n: int, rng: np.random.Generator) -> np.ndarray:
    """Weights of the standard deviation, (n,) float64: 10^U(-2, 0)."""
    return 10 ** rng.uniform(-2, 0, n)


def take_rows(features: Features, rows: np.ndarray) -> Features:
    """Some rows of features."""
    return features[rows] if isinstance(features, np.ndarray) else features.rows(rows)


def join_rows(parts: Sequence[Features]) -> Features:
    """Rows of features, one after the other."""
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else type(parts[0]).join(parts)


def _best_length(view: View, compared: np.ndarray, outcomes: np.ndarray) -> float:
    lengths = view.lengths(compared)
    if len(lengths) == 1:
        return lengths[0]
    evidence = [Process(view.kernel(compared, length), outcomes).log_evidence for length in lengths]
    return lengths[int(np.argmax(evidence))]
