"""The paper protocol's surrogate: a sparse Gaussian process on all codes, and batches by expected improvement.

The process is FITC (Snelson and Ghahramani 2006), as published, with fixed inducing points; its length scales and noise
are those of an exact process on the inducing points, whereas the published code maximizes the sparse likelihood. The
batch is chosen as published: the incumbent is the best predicted mean in the box; each point maximizes the expected
improvement, by L-BFGS from the best of 10,000 random points in the box; its predicted mean is then taken as observed
(Kriging believer), which changes no mean, only the variances.
"""

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from grae.optimization.improvement import log_improvement
from grae.optimization.surrogate import fitted, hyperparameters, one_thread

GRID = 10_000
LBFGS_STEPS = 150
FIT_STEPS = 40
CHUNK = 10_000  # points processed at a time
JITTER = 1e-6
LEAST_VARIANCE = 1e-10


class SparseProcess:
    """A sparse Gaussian process (FITC) on standardized values.

    With k(x) the covariances of a point with the inducing points, its mean is m + k(x) a, and the covariance of two
    points is K(x, y) + k(x) Q k(y); only the vector a and the matrix Q are kept of the data.

    Args:
        points: (n, D) float64.
        values: (n,) float64; higher is better.
        inducing: maximum number of inducing points, drawn from the points.
        rng: random generator.
    """

    def __init__(self, points: np.ndarray, values: np.ndarray, *, inducing: int, rng: np.random.Generator) -> None:
        outcomes = (values - values.mean()) / max(float(values.std()), 1e-12)
        chosen = rng.choice(len(points), min(inducing, len(points)), replace=False)
        with one_thread():
            exact = fitted(torch.from_numpy(points[chosen]), torch.from_numpy(outcomes[chosen]), FIT_STEPS)
            self.length, self.noise, self.mean = hyperparameters(exact)
            self.inducing = torch.from_numpy(points[chosen])
            self._take_in(torch.from_numpy(points), torch.from_numpy(outcomes))

    def _take_in(self, points: Tensor, outcomes: Tensor) -> None:
        """Sets a and Q: equations 2.22 to 2.24 of Snelson's thesis (2007), whitened by the inducing points' factor."""
        unit = torch.eye(len(self.inducing), dtype=torch.float64)
        factor = torch.linalg.cholesky(self.kernel(self.inducing, self.inducing) + JITTER * unit)
        inner, right = unit.clone(), torch.zeros(len(self.inducing), dtype=torch.float64)
        for first in range(0, len(points), CHUNK):
            some = slice(first, first + CHUNK)
            whitened = torch.linalg.solve_triangular(factor, self.kernel(self.inducing, points[some]), upper=False)
            own = (1 - whitened.square().sum(dim=0)).clamp_min(0) + self.noise  # unexplained by the inducing points
            inner += (whitened / own) @ whitened.T
            right += whitened @ ((outcomes[some] - self.mean) / own)
        half = torch.linalg.solve_triangular(factor.T, unit, upper=True)
        self.weights = half @ torch.cholesky_solve(right[:, None], torch.linalg.cholesky(inner))[:, 0]
        self.excess = half @ (torch.linalg.inv(inner) - unit) @ half.T

    def kernel(self, one: Tensor, other: Tensor) -> Tensor:
        """The prior covariance of points (a, D) and (b, D): (a, b)."""
        return torch.exp(-0.5 * torch.cdist(one / self.length, other / self.length).square())

    def moments(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance at points (m, D), (m,) each."""
        with_inducing = self.kernel(points, self.inducing)
        variance = 1 + (with_inducing @ self.excess * with_inducing).sum(dim=1)
        return self.mean + with_inducing @ self.weights, variance.clamp_min(LEAST_VARIANCE)

    def covariance(self, one: Tensor, other: Tensor) -> Tensor:
        """The posterior covariance of points (a, D) and (b, D): (a, b)."""
        excess = self.kernel(one, self.inducing) @ self.excess
        return self.kernel(one, other) + excess @ self.kernel(self.inducing, other)


class Believer:
    """The variances of a process after values at further points, with noise, are assumed as observed.

    Args:
        process: the process.
        grid: points (G, D) whose variances are updated.
    """

    def __init__(self, process: SparseProcess, grid: Tensor) -> None:
        self.process, self.grid = process, grid
        self.with_inducing = process.kernel(process.inducing, grid)  # I G
        self.means, self.variances = process.moments(grid)
        self.believed = grid[:0]
        self.excess = torch.empty(0, len(process.inducing), dtype=torch.float64)
        self.factor = torch.empty(0, 0, dtype=torch.float64)
        self.known = torch.empty(0, len(grid), dtype=torch.float64)

    def moments(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (1,) at a point (1, D)."""
        mean, variance = self.process.moments(point)
        if not len(self.believed):
            return mean, variance
        return mean, (variance - self._whitened(point).square().sum(dim=0)).clamp_min(LEAST_VARIANCE)

    def believe(self, point: Tensor) -> None:
        """Assumes the value at one more point (1, D) as observed."""
        excess = self.process.kernel(point, self.process.inducing) @ self.process.excess  # 1 I
        among = self._whitened(point)[:, 0]
        own = (self.process.moments(point)[1] + self.process.noise - among.square().sum()).sqrt()
        to_grid = self.process.kernel(point, self.grid) + excess @ self.with_inducing
        row = (to_grid - among @ self.known) / own
        self.variances = (self.variances - row[0].square()).clamp_min(LEAST_VARIANCE)
        n = len(self.believed)
        factor = torch.zeros(n + 1, n + 1, dtype=torch.float64)
        factor[:n, :n], factor[n, :n], factor[n, n] = self.factor, among, own[0]
        self.factor, self.known = factor, torch.cat([self.known, row])
        self.believed, self.excess = torch.cat([self.believed, point]), torch.cat([self.excess, excess])

    def _whitened(self, point: Tensor) -> Tensor:
        """(believed, 1): the covariance of the believed points with a point (1, D), whitened."""
        inducing = self.process.kernel(self.process.inducing, point)
        covariance = self.process.kernel(self.believed, point) + self.excess @ inducing
        return torch.linalg.solve_triangular(self.factor, covariance, upper=False)


def promising(process: SparseProcess, points: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """The points of the next batch, (n, D) float64, inside the bounding box of points (m, D)."""
    lower, upper = torch.from_numpy(points.min(axis=0)), torch.from_numpy(points.max(axis=0))
    with one_thread():
        grid = lower + torch.from_numpy(rng.random((GRID, len(lower)))) * (upper - lower)
        believer = Believer(process, grid)
        start = grid[believer.means.argmax()]
        incumbent = climb(start, lambda point: process.moments(point)[0], lower, upper)[1]

        def gain(point: Tensor) -> Tensor:
            mean, variance = believer.moments(point)
            return log_improvement(mean, variance.sqrt(), incumbent)

        for _ in range(n):
            best = grid[log_improvement(believer.means, believer.variances.sqrt(), incumbent).argmax()]
            believer.believe(climb(best, gain, lower, upper)[0])
        return believer.believed.numpy()


def climb(start: Tensor, height, lower: Tensor, upper: Tensor) -> tuple[Tensor, float]:
    """The local maximum (1, D) of `height` in a box, from a start (D,), and its height."""

    def descent(flat: np.ndarray) -> tuple[float, np.ndarray]:
        point = torch.from_numpy(flat.copy())[None].requires_grad_()
        value = -height(point)[0]
        value.backward()
        gradient = point.grad
        return value.item(), np.zeros_like(flat) if gradient is None else gradient[0].numpy()

    bounds = list(zip(lower.tolist(), upper.tolist(), strict=True))
    found = minimize(
        descent, start.numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": LBFGS_STEPS}
    )
    return torch.from_numpy(np.asarray(found.x, np.float64))[None], -float(found.fun)
