"""Predictions of a surrogate for a round's candidates: each is predicted once, however often it is ranked."""

from collections.abc import Callable, Sequence

import numpy as np

from grae.optimization.population import Strings
from grae.optimization.ranking import Moments, Ranker
from grae.optimization.views import Features


class Predictions:
    """Means and standard deviations of candidates, cached by form.

    Args:
        ranker: predicts the moments.
        features: computes the features of strings for each view of the ranker.
    """

    def __init__(self, ranker: Ranker, features: Callable[[Strings], Sequence[Features]]) -> None:
        self.ranker, self.features = ranker, features
        self._row_of: dict[str, int] = {}
        self._held: Moments | None = None

    def moments(self, strings: Strings) -> Moments:
        """The moments of strings; see `Ranker.moments`."""
        new = [row for row, form in enumerate(strings.forms) if form not in self._row_of]
        if new or self._held is None:
            self._predict(strings.rows(np.array(new, np.int64)))
        assert self._held is not None
        means, deviations = self._held
        rows = np.array([self._row_of[form] for form in strings.forms], np.int64)
        return means[rows], deviations[rows]

    def _predict(self, strings: Strings) -> None:
        first = len(self._row_of)
        self._row_of |= {form: first + row for row, form in enumerate(strings.forms)}
        moments = self.ranker.moments(self.features(strings))
        if self._held is not None:
            moments = np.concatenate([self._held[0], moments[0]]), np.concatenate([self._held[1], moments[1]])
        self._held = moments
