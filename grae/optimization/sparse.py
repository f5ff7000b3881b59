"""The paper protocol's surrogate: a sparse Gaussian process on all codes, and batches by expected improvement.

The process is the stochastic variational one (Hensman et al. 2013) of gpytorch, fitted by natural gradients; the
published code has another sparse approximation (FITC) fitted by Adam. The batch is chosen as there: the incumbent is
the best predicted mean in the box; a point maximizes the expected improvement, from the best of 10,000 drawn in the box
by L-BFGS; its predicted mean is then believed (Kriging believer), which changes no mean, only the variances.
"""

import warnings

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from grae.optimization.surrogate import one_thread, quiet

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # as in surrogate.py
    import gpytorch

GRID = 10_000
LBFGS_STEPS = 150
SQRT_2PI = 2.5066282746310002


class SparseSurrogate:
    """A sparse Gaussian process on standardized values.

    Args:
        points: (n, D) float64.
        values: (n,) float64; higher is better.
        inducing: inducing points.
        steps: of the fit; each sees `batch` points.
        batch: points a step.
        rng: of what is drawn.
    """

    def __init__(
        self,
        points: np.ndarray,
        values: np.ndarray,
        *,
        inducing: int,
        steps: int,
        batch: int,
        rng: np.random.Generator,
    ) -> None:
        self.lower, self.upper = torch.from_numpy(points.min(axis=0)), torch.from_numpy(points.max(axis=0))
        outcomes = (values - values.mean()) / max(float(values.std()), 1e-12)
        chosen = rng.choice(len(points), min(inducing, len(points)), replace=False)
        with one_thread(), quiet():
            self._fit(torch.from_numpy(points), torch.from_numpy(outcomes), chosen, steps, batch, rng)

    def batch(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """The points of the next batch, (n, D) float64, inside the box of the points it was fitted to."""
        with one_thread():
            width = self.upper - self.lower
            grid = self.lower + torch.from_numpy(rng.random((GRID, len(width)))) * width
            with torch.no_grad():
                means, variances = self._moments(grid)
            incumbent = self._climb(grid[means.argmax()], lambda point: self._moments(point)[0])[1]
            taken = torch.empty(0, len(width), dtype=torch.float64)
            for _ in range(n):
                with torch.no_grad():
                    best = grid[log_improvement(means, variances, incumbent).argmax()]

                def log_ei(point: Tensor, believed: Tensor = taken) -> Tensor:
                    mean, variance = self._moments(point)
                    return log_improvement(mean, self._believing(point, variance, believed), incumbent)

                point = self._climb(best, log_ei)[0]
                with torch.no_grad():
                    variances = self._also_believing(grid, variances, taken, point)
                taken = torch.cat([taken, point])
            return taken.numpy()

    def _fit(
        self, points: Tensor, outcomes: Tensor, chosen: np.ndarray, steps: int, batch: int, rng: np.random.Generator
    ) -> None:
        inducing = points[chosen]
        length = 0.5 * torch.pdist(inducing).median().clamp_min(1e-6)
        self.model = _Process(inducing, length)
        self.likelihood = gpytorch.likelihoods.GaussianLikelihood().double()
        bound = gpytorch.mlls.VariationalELBO(self.likelihood, self.model, num_data=len(points))
        natural = gpytorch.optim.NGD(self.model.variational_parameters(), num_data=len(points), lr=0.1)
        adam = torch.optim.Adam([*self.model.hyperparameters(), *self.likelihood.parameters()], lr=0.02)
        self.model.train()
        self.likelihood.train()
        for _ in range(steps):
            rows = torch.from_numpy(rng.integers(0, len(points), batch)) if batch < len(points) else slice(None)
            natural.zero_grad()
            adam.zero_grad()
            loss = -bound(self.model(points[rows]), outcomes[rows])  # pyright: ignore[reportOperatorIssue]
            loss.backward()
            natural.step()
            adam.step()
        self._read()

    def _read(self) -> None:
        """Takes from the fitted process what its posterior is made of."""
        self.model.eval()
        with torch.no_grad():
            strategy = self.model.variational_strategy
            self.inducing = strategy.inducing_points.detach()
            jitter = strategy.jitter_val * torch.eye(len(self.inducing), dtype=torch.float64)
            self.factor = torch.linalg.cholesky(self._kernel(self.inducing, self.inducing) + jitter)
            whitened = strategy.variational_distribution
            self.weights = whitened.mean.detach()
            self.excess = whitened.covariance_matrix.detach() - torch.eye(len(self.inducing), dtype=torch.float64)
            self.noise = float(self.likelihood.noise)

    def _kernel(self, one: Tensor, other: Tensor) -> Tensor:
        """The prior covariance of points (a, D) and (b, D): (a, b)."""
        scale, length = self.model.covar_module.outputscale, self.model.covar_module.base_kernel.lengthscale
        return scale.detach() * torch.exp(-0.5 * torch.cdist(one / length.detach(), other / length.detach()).square())

    def _whitened(self, points: Tensor) -> Tensor:
        """(inducing, m): the covariance with the inducing points, whitened."""
        return torch.linalg.solve_triangular(self.factor, self._kernel(self.inducing, points), upper=False)

    def _moments(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance at points (m, D), (m,) each."""
        whitened = self._whitened(points)
        prior = self.model.covar_module.outputscale.detach()
        variance = prior + (whitened * (self.excess @ whitened)).sum(dim=0)
        return self.weights @ whitened, variance.clamp_min(1e-10)

    def _covariance(self, one: Tensor, other: Tensor) -> Tensor:
        """The posterior covariance of points (a, D) and (b, D): (a, b)."""
        return self._kernel(one, other) + self._whitened(one).T @ self.excess @ self._whitened(other)

    def _conditioned(self, one: Tensor, other: Tensor, believed: Tensor) -> Tensor:
        """The covariance of points when the values at `believed` (p, D) are known up to the noise."""
        covariance = self._covariance(one, other)
        if not len(believed):
            return covariance
        noise = self.noise * torch.eye(len(believed), dtype=torch.float64)
        known = torch.linalg.cholesky(self._covariance(believed, believed) + noise)
        left = torch.linalg.solve_triangular(known, self._covariance(believed, one), upper=False)
        right = torch.linalg.solve_triangular(known, self._covariance(believed, other), upper=False)
        return covariance - left.T @ right

    def _believing(self, point: Tensor, variance: Tensor, believed: Tensor) -> Tensor:
        """The variance (1,) at a point (1, D), the values at `believed` known."""
        if not len(believed):
            return variance
        return self._conditioned(point, point, believed)[0].clamp_min(1e-10)

    def _also_believing(self, grid: Tensor, variances: Tensor, believed: Tensor, point: Tensor) -> Tensor:
        """The variances of a grid when the value at one more point is known."""
        covariance = self._conditioned(grid, point, believed)[:, 0]
        of_point = self._conditioned(point, point, believed)[0, 0].clamp_min(1e-10) + self.noise
        return (variances - covariance.square() / of_point).clamp_min(1e-10)

    def _climb(self, start: Tensor, height) -> tuple[Tensor, float]:
        """The point (1, D) in the box where `height` is greatest near a start (D,), and its height."""

        def descent(flat: np.ndarray) -> tuple[float, np.ndarray]:
            point = torch.from_numpy(flat.copy())[None].requires_grad_()
            value = -height(point)[0]
            value.backward()
            gradient = point.grad
            return value.item(), np.zeros_like(flat) if gradient is None else gradient[0].numpy()

        bounds = list(zip(self.lower.tolist(), self.upper.tolist(), strict=True))
        found = minimize(
            descent, start.numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": LBFGS_STEPS}
        )
        return torch.from_numpy(np.asarray(found.x, np.float64))[None], -float(found.fun)


class _Process(gpytorch.models.ApproximateGP):
    """Inducing points that stay, a constant mean of 0, a squared exponential kernel with a length a dimension."""

    def __init__(self, inducing: Tensor, length: Tensor) -> None:
        distribution = gpytorch.variational.NaturalVariationalDistribution(len(inducing))
        strategy = gpytorch.variational.VariationalStrategy(
            self, inducing, distribution, learn_inducing_locations=False, jitter_val=1e-5
        )
        super().__init__(strategy)
        self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel(ard_num_dims=inducing.shape[1]))
        self.double()
        self.covar_module.base_kernel.initialize(lengthscale=length)

    def forward(self, x: Tensor):
        """The prior at points."""
        return gpytorch.distributions.MultivariateNormal(torch.zeros_like(x[..., 0]), self.covar_module(x))


def log_improvement(mean: Tensor, variance: Tensor, incumbent: float) -> Tensor:
    """The logarithm of the expected improvement on an incumbent; higher is better.

    For far less promising points than the incumbent it goes over to the leading term of its expansion, so that it has
    a gradient everywhere.
    """
    deviation = variance.sqrt()
    u = (mean - incumbent) / deviation
    near = u.clamp_min(-5.0)
    density = torch.exp(-0.5 * near.square()) / SQRT_2PI
    exact = torch.log(density + near * torch.special.ndtr(near))
    far = u.clamp_max(-5.0)
    # phi(u) + u Phi(u) ~ phi(u) / u^2 (1 - 3 / u^2), shifted to meet the exact value at u = -5
    expansion = -0.5 * far.square() - 2 * torch.log(-far) + torch.log1p(-3 / far.square()) - np.log(SQRT_2PI)
    at_five = -0.5 * 25 - 2 * np.log(5.0) + np.log1p(-3 / 25) - np.log(SQRT_2PI)
    return torch.log(deviation) + torch.where(u > -5.0, exact, exact + expansion - at_five)
