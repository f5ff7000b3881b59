"""Ranking of candidates by a surrogate: an exact Gaussian process on one or more views of the strings."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from scipy.special import log_ndtr

from grae.optimization.improvement import log_improvement
from grae.optimization.process import Process
from grae.optimization.views import Features, View

Acquisition = Literal["improvement", "ucb", "thompson"]
MOST_DRAWN = 500
"""Maximum number of candidates in a joint posterior sample."""
FITTED = 400
"""Maximum number of strings used to select a kernel's hyperparameter and the noise."""
BETAS = (-2.0, 0.0)
"""Range of the weight of the standard deviation, drawn log-uniformly, as powers of ten."""
GAINS = (-3.0, 0.0)
"""Range of the minimum gain, drawn log-uniformly, as powers of ten, in standard deviations of the outcomes."""
NOISES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Noise variances to try, as fractions of the amplitude; differences invisible to a view appear as noise."""


def outcomes_of(values: np.ndarray) -> np.ndarray:
    """Values (n,), higher is better, transformed for the process: clipped at the bad end, zero mean and unit variance.

    Distances between good values are kept, since they guide the search; ranks would magnify negligible differences on
    a plateau. Values are clipped at the reflection of the best one in the median.
    """
    median = float(np.median(values))
    cut = np.maximum(values, median - max(float(values.max()) - median, 1e-12))
    return (cut - cut.mean()) / max(float(cut.std()), 1e-12)


Moments = tuple[np.ndarray, np.ndarray]
"""Means and standard deviations of m candidates, (m,) float64 each; (m, k) with k objectives."""


class Ranker:
    """Ranks candidates by their features in each view."""

    def moments(self, candidates: Sequence[Features]) -> Moments:
        """Mean and standard deviation of candidates."""
        raise NotImplementedError

    def promise(
        self, moments: Moments, taken: Sequence[int], rng: np.random.Generator, acquisition: Acquisition
    ) -> np.ndarray:
        """The acquisition function of each candidate, (m,) float64, given the candidates already selected (`taken`)."""
        raise NotImplementedError

    def take(
        self, candidates: Sequence[Features], n: int, rng: np.random.Generator, acquisition: Acquisition
    ) -> list[int]:
        """The candidates to score next, at most n, selected greedily."""
        return self.most_promising(self.moments(candidates), n, rng, acquisition)

    def most_promising(self, moments: Moments, n: int, rng: np.random.Generator, acquisition: Acquisition) -> list[int]:
        """The indices of at most n candidates with the given moments, selected greedily."""
        taken: list[int] = []
        for _ in range(min(n, len(moments[0]))):
            order = np.argsort(-self.promise(moments, taken, rng, acquisition), kind="stable")
            taken.append(next(int(place) for place in order if place not in taken))
        return taken


class Ranking(Ranker):
    """A Gaussian process fitted to known strings; its kernel is the mean of the kernels of several views.

    Args:
        views: views of the strings.
        features: features of the known strings, for each view.
        values: values of the known strings, (n,) float64, higher is better.
        allowed: which known strings can be the incumbent, (n,) bool; None for all.
    """

    def __init__(
        self,
        views: Sequence[View],
        features: Sequence[Features],
        values: np.ndarray,
        allowed: np.ndarray | None = None,
    ) -> None:
        self.views, self.features = views, features
        outcomes = outcomes_of(values)
        compared = [view.compare(known, known) for view, known in zip(views, features, strict=True)]
        part = np.linspace(0, len(values) - 1, min(FITTED, len(values))).astype(int)
        self.outcomes = outcomes
        self.best = float(outcomes.max() if allowed is None or not allowed.any() else outcomes[allowed].max())
        self.hyperparameters = [
            _best_hyperparameter(view, table[np.ix_(part, part)], outcomes[part])
            for view, table in zip(views, compared, strict=True)
        ]
        gram = self._kernel(compared)
        self.noise = _best_noise(gram[np.ix_(part, part)], outcomes[part])
        self.process = Process(gram, outcomes, self.noise)

    def moments(self, candidates: Sequence[Features]) -> tuple[np.ndarray, np.ndarray]:
        """See Ranker; (m,) float64 each."""
        own = self._kernel([view.compare_itself(one) for view, one in zip(self.views, candidates, strict=True)])
        return self.process.moments(self._between(candidates, self.features), own)

    def promise(
        self, moments: Moments, taken: Sequence[int], rng: np.random.Generator, acquisition: Acquisition
    ) -> np.ndarray:
        """See Ranker."""
        mean, deviation = moments
        if acquisition == "ucb":
            return mean + 10 ** rng.uniform(*BETAS) * deviation
        incumbent = self.best + 10 ** rng.uniform(*GAINS)
        return log_improvement(torch.from_numpy(mean), torch.from_numpy(deviation), incumbent).numpy()

    def take(
        self, candidates: Sequence[Features], n: int, rng: np.random.Generator, acquisition: Acquisition
    ) -> list[int]:
        """The indices of the candidates to score next, at most n.

        "improvement" maximizes, for each selection, the expected improvement over the best known value plus a minimum
        gain drawn log-uniformly, so that both small gains nearby and large gains further away are sought. "ucb"
        maximizes the mean plus beta standard deviations, beta = 10^U(-2, 0) (Tripp and Hernandez-Lobato 2023).
        "thompson" maximizes each of n joint posterior samples.
        """
        if acquisition != "thompson":
            return super().take(candidates, n, rng, acquisition)
        mean, deviation = self.moments(candidates)
        taken: list[int] = []
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
        parts = zip(self.views, compared, self.hyperparameters, strict=True)
        return np.mean([view.kernel(table, chosen) for view, table, chosen in parts], axis=0)


class Constrained(Ranker):
    """A ranking under a condition whose fulfilment is known only for strings on which it was measured.

    The acquisition function is multiplied by the probability that a string fulfils the condition (Gardner et al.,
    "Bayesian Optimization with Inequality Constraints", ICML 2014), predicted by a process on the measured strings.

    Args:
        ranking: ranking without the condition.
        views: views of the strings.
        features: features of the measured strings, for each view.
        fulfilled: which of them fulfil the condition, (n,) bool.
    """

    def __init__(
        self, ranking: Ranker, views: Sequence[View], features: Sequence[Features], fulfilled: np.ndarray
    ) -> None:
        self.ranking = ranking
        self.feasibility = Ranking(views, features, fulfilled.astype(np.float64))
        self.middle = 0.5 * float(self.feasibility.outcomes.max() + self.feasibility.outcomes.min())

    def moments(self, candidates: Sequence[Features]) -> Moments:
        """See Ranker; the last column is the log probability of fulfilment instead of a mean."""
        mean, deviation = self.feasibility.moments(candidates)
        probability = log_ndtr((mean - self.middle) / deviation)
        means, deviations = (part.reshape(len(part), -1) for part in self.ranking.moments(candidates))
        return np.column_stack([means, probability]), np.column_stack([deviations, probability])

    def promise(
        self, moments: Moments, taken: Sequence[int], rng: np.random.Generator, acquisition: Acquisition
    ) -> np.ndarray:
        """See Ranker."""
        means, deviations = (part[:, :-1] for part in moments)
        if means.shape[1] == 1:
            means, deviations = means[:, 0], deviations[:, 0]
        return self.ranking.promise((means, deviations), taken, rng, acquisition) + moments[0][:, -1]


def take_rows(features: Features, rows: np.ndarray) -> Features:
    """The given rows of features."""
    return features[rows] if isinstance(features, np.ndarray) else features.rows(rows)


def join_rows(parts: Sequence[Features]) -> Features:
    """The concatenation of rows of features."""
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else type(parts[0]).join(parts)


def _best_hyperparameter(view: View, compared: np.ndarray, outcomes: np.ndarray) -> Any:
    choices = view.hyperparameters(compared)
    if len(choices) == 1:
        return choices[0]
    evidence = [Process(view.kernel(compared, choice), outcomes).log_evidence for choice in choices]
    return choices[int(np.argmax(evidence))]


def _best_noise(gram: np.ndarray, outcomes: np.ndarray) -> float:
    return NOISES[int(np.argmax([Process(gram, outcomes, noise).log_evidence for noise in NOISES]))]
