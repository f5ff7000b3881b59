"""An exact Gaussian process on precomputed similarities, with few hyperparameters and no gradient-based fitting.

The prior is a constant mean and a kernel of unit variance times an amplitude. With the noise a fixed fraction of the
amplitude, the maximum likelihood mean and amplitude have closed forms (Rasmussen and Williams 2006, section 2.7), so
only the caller's hyperparameters, such as length scales, are chosen by marginal likelihood.
"""

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

NOISE = 1e-3
"""Noise variance, as a fraction of the amplitude."""
LEAST_VARIANCE = 1e-12
MOST_JITTER = 1e-1


class Process:
    """A posterior; higher is better.

    Args:
        gram: similarities of the known strings, (n, n) float64, 1 on the diagonal.
        values: their values, (n,) float64.
        noise: noise variance, as a fraction of the amplitude.
    """

    def __init__(self, gram: np.ndarray, values: np.ndarray, noise: float = NOISE) -> None:
        self.factor = _factor(gram, noise)
        ones = cho_solve((self.factor, True), np.ones(len(values)))
        self.mean = float(ones @ values / ones.sum())
        self.weights = cho_solve((self.factor, True), values - self.mean)
        self.amplitude = max(float((values - self.mean) @ self.weights) / len(values), LEAST_VARIANCE)

    @property
    def log_evidence(self) -> float:
        """The log marginal likelihood of the values, up to a constant, at the best mean and amplitude."""
        n = len(self.weights)
        return -0.5 * n * float(np.log(self.amplitude)) - float(np.log(np.diag(self.factor)).sum())

    def moments(self, cross: np.ndarray, own: np.ndarray | float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of strings, (m,) float64 each.

        Args:
            cross: their kernel with the known strings, (m, n).
            own: their kernel with themselves, (m,).
        """
        whitened = solve_triangular(self.factor, cross.T, lower=True, check_finite=False)
        variance = np.maximum(own - np.square(whitened).sum(axis=0), LEAST_VARIANCE)
        return self.mean + cross @ self.weights, np.sqrt(self.amplitude * variance)

    def draw(self, cross: np.ndarray, own: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Functions sampled from the posterior, (n, m) float64.

        Args:
            cross: similarities of m strings with the known ones, (m, n).
            own: similarities among the m strings, (m, m).
            n: number of functions.
            rng: random generator.
        """
        whitened = solve_triangular(self.factor, cross.T, lower=True, check_finite=False)
        factor = _factor(own - whitened.T @ whitened, 1e-8)
        noise = rng.standard_normal((n, len(own)))
        return self.mean + cross @ self.weights + np.sqrt(self.amplitude) * noise @ factor.T


def _factor(gram: np.ndarray, noise: float) -> np.ndarray:
    """The lower Cholesky factor of a matrix with noise on its diagonal; with more noise if rounding requires it."""
    unit = np.eye(len(gram))
    while True:
        try:
            return cholesky(gram + noise * unit, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            noise *= 10
            if noise > MOST_JITTER:
                raise
