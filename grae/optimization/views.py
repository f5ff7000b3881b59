"""Views of strings for the surrogate: features, and a kernel that compares them.

structure   fragments of the derivation, in any language; min-max kernel
meaning     semantic features of the language: values at fixed random points for expressions, counts of Morgan
            fingerprints with the min-max kernel for molecules
codes       the latent codes
own         features computed by a user function
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.spatial.distance import cdist

from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.grammar.fragments import fragments
from grae.grammar.sparse_counts import Counts, min_max_and_products
from grae.optimization.space import LatentSpace

LINEAR = (0.0, 0.1, 0.3, 0.6, 0.9)
"""Weights of the linear kernel to try."""
LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Length scales of a kernel to try, in median distances."""

Features = Any
"""Rows of features: `Counts` or an array (n, F)."""


class View(Protocol):
    """Features of strings and their comparison."""

    @property
    def features(self) -> Callable[[Sequence[str], Derivations], Features]:
        """The features of strings with known derivations in the plain grammar."""
        ...

    def compare(self, one: Features, other: Features) -> np.ndarray:
        """Similarities or distances of rows (n) and rows (m), (n, m) or (n, m, 2) float64."""
        ...

    def compare_itself(self, features: Features) -> np.ndarray:
        """The result of comparing each row (n) with itself, (n, ...)."""
        ...

    def hyperparameters(self, compared: np.ndarray) -> Sequence[Any]:
        """The values of the kernel's hyperparameter to try, given the comparison of known strings with each other."""
        ...

    def kernel(self, compared: np.ndarray, hyperparameter: Any) -> np.ndarray:
        """The kernel of compared rows, (n, m) or (n,)."""
        ...


class CountView:
    """Counted features under a weighted sum of the min-max kernel and the linear kernel.

    The min-max kernel reverts to the mean far from the known strings; under the linear kernel, each feature contributes
    the same amount wherever it occurs, so that the process extrapolates targets such as logP.

    Args:
        count: strings and derivations -> their counts.
    """

    def __init__(self, count: Callable[[Sequence[str], Derivations], Counts]) -> None:
        self.features = count

    def compare(self, one: Counts, other: Counts) -> np.ndarray:
        """See View; the min-max similarities and the inner products, (n, m, 2)."""
        return min_max_and_products(one, other)

    def compare_itself(self, features: Counts) -> np.ndarray:
        """See View; (n, 2)."""
        squares = np.add.reduceat(np.append(np.square(features.counts), 0.0), features.offsets[:-1])
        return np.stack([np.ones(len(features)), np.where(np.diff(features.offsets) > 0, squares, 0.0)], axis=-1)

    def hyperparameters(self, compared: np.ndarray) -> Sequence[tuple[float, float]]:
        """See View; weights of the linear kernel, each with the mean squared norm of the known rows."""
        norm = max(float(np.diagonal(compared[..., 1]).mean()), 1e-12)
        return tuple((share, norm) for share in LINEAR)

    def kernel(self, compared: np.ndarray, hyperparameter: tuple[float, float]) -> np.ndarray:
        """See View."""
        share, norm = hyperparameter
        return (1 - share) * compared[..., 0] + share / norm * compared[..., 1]


class PointView:
    """Vectors under a squared exponential kernel, one length scale in all dimensions.

    Args:
        vectors: strings and derivations -> (n, F) float64, finite.
    """

    def __init__(self, vectors: Callable[[Sequence[str], Derivations], np.ndarray]) -> None:
        self.features = vectors

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """See View."""
        return cdist(one, other, "sqeuclidean")

    def compare_itself(self, features: np.ndarray) -> np.ndarray:
        """See View."""
        return np.zeros(len(features))

    def hyperparameters(self, compared: np.ndarray) -> Sequence[float]:
        """See View; length scales."""
        median = float(np.sqrt(np.median(compared[np.triu_indices(len(compared), 1)])))
        return tuple(max(median, 1e-9) * length for length in LENGTHS)

    def kernel(self, compared: np.ndarray, hyperparameter: float) -> np.ndarray:
        """See View."""
        return np.exp(compared / (-2 * hyperparameter**2))


def structure(grammar: Grammar) -> View:
    """Counts of the fragments of derivations."""
    return CountView(lambda texts, derivations: fragments(grammar, derivations))


def meaning(grammar: Grammar) -> View | None:
    """Semantic features of the strings of a grammar; None if its language has none."""
    counts, vectors = grammar.language.counts, grammar.language.vectors
    if counts is not None:
        return CountView(lambda texts, derivations: counts(grammar, texts, derivations))
    if vectors is not None:
        return PointView(lambda texts, derivations: vectors(grammar, texts, derivations))
    return None


class CodeView(PointView):
    """Latent codes in standard units, scaled so that typical distances are about 1.

    A string that the model cannot encode is placed at the center, where it is least informative.

    Args:
        space: the latent space.
    """

    def __init__(self, space: LatentSpace) -> None:
        self.space = space
        super().__init__(self._points)

    def move(self, space: LatentSpace) -> None:
        """Replaces the latent space."""
        self.space = space

    def _points(self, texts: Sequence[str], derivations: Derivations) -> np.ndarray:
        encodable, codes = self.space.encoded(texts)
        points = np.zeros((len(texts), self.space.dim))
        points[encodable] = self.space.points(codes)
        return points
