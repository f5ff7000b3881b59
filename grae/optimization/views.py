"""What a surrogate sees of strings: a view gives each string features, and compares them.

structure   fragments of the derivation, in any language; min-max kernel
meaning     what the language says its strings mean: values at fixed random points for expressions, counts of Morgan
            fingerprints with the min-max kernel for molecules
codes       the latent codes
own         numbers that a function of the user's gives each string
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.spatial.distance import cdist

from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.grammar.fragments import fragments
from grae.grammar.sparse_counts import Counts, min_max
from grae.optimization.space import LatentSpace

LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Lengths of a kernel that are tried, in median distances."""

Features = Any
"""Rows of features: `Counts` or an array (n, F)."""


class View(Protocol):
    """Features of strings and their comparison."""

    @property
    def features(self) -> Callable[[Sequence[str], Derivations], Features]:
        """Gives the features of strings, of which the derivations in the plain grammar are known."""
        ...

    def compare(self, one: Features, other: Features) -> np.ndarray:
        """Similarities or distances of rows (n) with rows (m), (n, m) float64."""
        ...

    def lengths(self, compared: np.ndarray) -> Sequence[float]:
        """The kernel's lengths that come into question, by the comparison of the known with themselves."""
        ...

    def kernel(self, compared: np.ndarray, length: float) -> np.ndarray:
        """The kernel of what was compared, same shape, 1 for equals."""
        ...


class CountView:
    """Counted features under the min-max kernel, which has no hyperparameter.

    Args:
        count: strings and derivations -> their counts.
    """

    def __init__(self, count: Callable[[Sequence[str], Derivations], Counts]) -> None:
        self.features = count

    def compare(self, one: Counts, other: Counts) -> np.ndarray:
        """See View."""
        return min_max(one, other)

    def lengths(self, compared: np.ndarray) -> Sequence[float]:
        """See View."""
        return (1.0,)

    def kernel(self, compared: np.ndarray, length: float) -> np.ndarray:
        """See View."""
        return compared


class PointView:
    """Vectors under a squared exponential kernel, one length in all dimensions.

    Args:
        vectors: strings and derivations -> (n, F) float64, finite.
    """

    def __init__(self, vectors: Callable[[Sequence[str], Derivations], np.ndarray]) -> None:
        self.features = vectors

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """See View."""
        return cdist(one, other, "sqeuclidean")

    def lengths(self, compared: np.ndarray) -> Sequence[float]:
        """See View."""
        median = float(np.sqrt(np.median(compared[np.triu_indices(len(compared), 1)])))
        return tuple(max(median, 1e-9) * length for length in LENGTHS)

    def kernel(self, compared: np.ndarray, length: float) -> np.ndarray:
        """See View."""
        return np.exp(compared / (-2 * length**2))


def structure(grammar: Grammar) -> View:
    """Counts of the fragments of derivations."""
    return CountView(lambda texts, derivations: fragments(grammar, derivations))


def meaning(grammar: Grammar) -> View | None:
    """What the strings of a grammar mean; None where its language says nothing of that."""
    counts, vectors = grammar.language.counts, grammar.language.vectors
    if counts is not None:
        return CountView(lambda texts, derivations: counts(grammar, texts, derivations))
    if vectors is not None:
        return PointView(lambda texts, derivations: vectors(grammar, texts, derivations))
    return None


class CodeView(PointView):
    """Latent codes in standard units, scaled so that usual distances are about 1.

    A string that the model cannot encode stands at the center, where it tells the surrogate least.

    Args:
        space: the latent space.
    """

    def __init__(self, space: LatentSpace) -> None:
        self.space = space
        super().__init__(self._points)

    def move(self, space: LatentSpace) -> None:
        """Takes another latent space from now on."""
        self.space = space

    def _points(self, texts: Sequence[str], derivations: Derivations) -> np.ndarray:
        encodable, codes = self.space.encoded(texts)
        points = np.zeros((len(texts), self.space.dim))
        points[encodable] = self.space.points(codes)
        return points
