"""The Frechet distance between two sets of features, each modeled as a Gaussian.

Source: Dowson and Landau, J. Multivariate Analysis 12, 1982; for Inception features, Heusel et al. 2017 (the Frechet
inception distance); for ChemNet activations, Preuer et al. 2018 (the Frechet ChemNet distance).
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np

from grae.errors import DataError

CHUNK = 4096  # rows added at a time
SIZES = 8  # number of subsets from which a limit is extrapolated


@dataclass
class Moments:
    """Mean and covariance of features that arrive in batches, in float64.

    Sums of squares are taken about the current mean (Chan et al. 1979), so that the result does not depend on the order
    and size of the batches beyond rounding, and large means lose no precision.

    Attributes:
        n: number of rows.
        mean: (F,) float64.
        scatter: (F, F) float64, the sum of outer products of the deviations from the mean.
    """

    n: int = 0
    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    scatter: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    @classmethod
    def of(cls, features: np.ndarray) -> Self:
        """The moments of all rows of features (n, F)."""
        return cls().add(features)

    @classmethod
    def of_sums(cls, n: int, total: np.ndarray, products: np.ndarray) -> Self:
        """The moments from sums over n rows: of the rows (F,), and of their outer products (F, F)."""
        mean = total / n
        return cls(n, mean, products - n * np.outer(mean, mean))

    def add(self, features: np.ndarray) -> Self:
        """Adds rows, (n, F) of any float type.

        Raises:
            DataError: rows of another width, or NaN or infinite values.
        """
        for start in range(0, len(features), CHUNK):
            self._add(np.asarray(features[start : start + CHUNK], dtype=np.float64))
        return self

    @property
    def covariance(self) -> np.ndarray:
        """(F, F) float64, normalized by n - 1. Raises DataError if there are fewer than two rows."""
        if self.n < 2:
            raise DataError(f"{self.n} rows of features have no covariance", remedy="give two or more")
        return self.scatter / (self.n - 1)

    @cached_property
    def root(self) -> np.ndarray:
        """The symmetric square root of the covariance, (F, F) float64; negative eigenvalues (rounding) count as 0."""
        values, vectors = np.linalg.eigh(self.covariance)
        return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T

    def _add(self, rows: np.ndarray) -> None:
        self.__dict__.pop("root", None)
        if rows.ndim != 2 or (self.n and rows.shape[1] != len(self.mean)):
            raise DataError(f"features have shape {rows.shape}, not (n, {len(self.mean) if self.n else 'F'})")
        if not np.isfinite(rows).all():
            raise DataError(
                "features hold values that are NaN or infinite", remedy="look at what they were computed from"
            )
        mean = rows.mean(axis=0)
        deviations = rows - mean
        if not self.n:
            self.mean, self.scatter = np.zeros_like(mean), np.zeros((len(mean), len(mean)))
        total, apart = self.n + len(rows), mean - self.mean
        self.scatter += deviations.T @ deviations + np.outer(apart, apart) * (self.n * len(rows) / total)
        self.mean = self.mean + apart * (len(rows) / total)
        self.n = total


def frechet_distance(first: Moments, second: Moments, *, quick: bool = False) -> float:
    """||m1 - m2||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), at least 0; the square of a metric between Gaussians.

    The trace of the root is the sum of the singular values of S1^(1/2) S2^(1/2); each root is computed by an
    eigendecomposition in which eigenvalues that are negative by rounding count as 0. The result is therefore real, and
    exact for covariances of any rank; nothing is added to their diagonals.

    Args:
        first: moments; their root is computed once.
        second: moments of the same width.
        quick: computes the trace from the eigenvalues of S1^(1/2) S2 S1^(1/2) instead, several times faster for many
            second moments; rounding errors then appear in the seventh digit.

    Raises:
        DataError: features of different widths, or fewer than two rows.
    """
    if first.mean.shape != second.mean.shape:
        raise DataError(f"features of {len(first.mean)} and of {len(second.mean)} numbers cannot be compared")
    one, other = first.covariance, second.covariance
    if quick:
        overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(first.root @ other @ first.root), 0)).sum()
    else:
        overlap = np.linalg.svd(first.root @ second.root, compute_uv=False).sum()
    apart = first.mean - second.mean
    return float(max(apart @ apart + np.trace(one) + np.trace(other) - 2 * overlap, 0.0))


def limit_of_many(real: Moments, features: np.ndarray, *, seed: int = 0) -> float | None:
    """The limit of the Frechet distance to `real` for infinitely many features: FID-infinity of Chong and Forsyth 2020.

    With n rows the distance has a bias roughly proportional to 1/n. It is computed on eight random subsets, from half
    of the rows to all of them, and a line fitted in 1/n is extrapolated to 0. The bias due to the number of real images
    remains.

    Args:
        real: moments of the reference features.
        features: (n, F).
        seed: seed of the subsets.

    Returns:
        The limit; None if half of the rows are fewer than F: covariances then lack full rank, and the bias is not
        proportional to 1/n.
    """
    n, width = features.shape
    if n < 2 * width:
        return None
    rng = np.random.default_rng(seed)
    sizes = np.linspace(n // 2, n, SIZES).astype(int)
    distances = [
        frechet_distance(real, Moments.of(features[rng.choice(n, size, replace=False)])) for size in map(int, sizes)
    ]
    _, limit = np.polyfit(1 / sizes, distances, 1)
    return float(limit)
