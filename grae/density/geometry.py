"""Geometry-aware sampling: short random walks from training codes, under a metric that is large near the codes.

The metric is G(z) = sum_i S_i^-1 exp(-|z - c_i|^2_i / rho^2) + lambda exp(-tau |z|^2) I, where |v|^2_i = v' S_i^-1 v,
and sqrt(det G(z)) is its volume element (Chadebec and Allassonniere, NeurIPS 2022). There, c_i and S_i are means and
covariances of a variational encoder at 100 medoids of the training codes. Deterministic encoders have no covariances:
here c_i are the centers of clusters of the codes, found by k-means, and S_i the diagonal covariances of the codes in
each cluster, in the coordinates of the Gaussian fitted to all codes. As published, rho is the largest distance of a
center to its nearest neighbor.

Samples are drawn as in the authors' code: Hamiltonian Monte Carlo (HMC), started at random training codes and run for
100 steps, too few to forget them. In that code momenta have standard deviation 0.5 at unit mass, so that the chains
leave invariant not the volume element but its fourth power: a temperature of 1/4. And det G is clipped at 1e10 there,
without which walks end where most terms overlap, in the middle of the codes; here the volume element is clipped at the
value that nine tenths of the training codes reach, so that walks are free among the codes and repelled outside. The
step size is reduced when too many proposals are rejected. `log_prob` is that stationary density. Its integral is
estimated by importance sampling from Gaussians at the centers; `about` records the effective sample size, which is
small if the estimate is poor.
"""

import math
from typing import Any, Self

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from grae.density.base import Density
from grae.density.gaussians import Gaussian
from grae.errors import SettingsError

CODES_EACH = 20  # minimum mean number of codes per cluster
FLOOR = 1e-2  # minimum variance in a cluster, relative to the mean variance in all clusters
ROWS = 20_000  # maximum number of codes that are clustered
STARTS = 10_000  # maximum number of codes stored as starting points of chains
ITERATIONS = 50  # maximum number of k-means iterations
DRAWS = 20_000  # importance samples for the integral
TOGETHER = 1_024  # codes per batch
TEMPERATURE = 0.25
STEPS, LEAPS, SIZE = 100, 10, 0.005  # HMC: steps, leapfrog steps, their size: the authors' 0.01 * sqrt(TEMPERATURE)
ACCEPTED = 0.7  # acceptance rate below which the step size is reduced
UNCLIPPED = 1e300  # a finite number, as JSON requires
REST = 0.2  # fraction of the importance samples for the region without codes
REACHED = 0.1  # quantile of the volume element at training codes at which it is clipped
ARRAYS = ("centers", "variances", "starts")


class Geometry(Density):
    """Random walks from training codes under a Riemannian metric, in coordinates in which the codes have covariance I.

    Args:
        centers: maximum number of clusters.
        regularization: lambda of the metric.
        decay: tau of the metric.

    Raises:
        SettingsError: a setting is out of range.
    """

    def __init__(self, *, centers: int = 100, regularization: float = 1e-2, decay: float = 1e-3) -> None:
        if centers < 1 or regularization <= 0 or decay <= 0:
            raise SettingsError(
                f"geometry: centers {centers}, regularization {regularization}, decay {decay}; expected at least 1, "
                "and above 0"
            )
        self.most, self.regularization, self.decay = centers, regularization, decay
        self.about: dict[str, Any] = {}

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """See Density."""
        self._fitted()
        arrays, about = self._gaussian.state()
        own = {f"gaussian.{name}": array for name, array in arrays.items()}
        numbers = {"rho2": self._rho2, "log_integral": self._log_integral, "log_ceiling": self._log_ceiling}
        metric = {"regularization": self.regularization, "decay": self.decay, **numbers}
        return own | {"centers": self._centers, "variances": self._variances, "starts": self._starts}, {
            **self.about,
            "metric": metric,
            "gaussian": about,
        }

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """See Density."""
        gaussian = {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith("gaussian.")}
        own = {name: array for name, array in arrays.items() if not name.startswith("gaussian.")}
        metric = about.get("metric")
        names = {"regularization", "decay", "rho2", "log_integral", "log_ceiling"}
        if own.keys() != set(ARRAYS) or not isinstance(about.get("gaussian"), dict):
            raise ValueError(
                f"expected the arrays {', '.join(ARRAYS)} and a Gaussian, found {', '.join(own) or 'none'}"
            )
        if isinstance(metric, dict) and "log_ceiling" not in metric:
            metric = {**metric, "log_ceiling": UNCLIPPED}  # of a file of an earlier version
        if not isinstance(metric, dict) or metric.keys() != names:
            raise ValueError(f"expected the metric's {', '.join(sorted(names))}, found {metric!r}")
        if not all(isinstance(value, float) and math.isfinite(value) for value in metric.values()):
            raise ValueError(f"the metric must hold finite numbers, found {metric!r}")
        try:
            density = cls(regularization=metric["regularization"], decay=metric["decay"])
        except SettingsError as error:
            raise ValueError(str(error)) from None
        density._gaussian = Gaussian.from_state(gaussian, about["gaussian"])
        density.dim = dim = len(density._gaussian.center)
        for name, array in own.items():
            if array.ndim != 2 or array.shape[1] != dim or not len(array) or array.dtype != np.float64:
                raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, not (K, {dim}) float64")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds a value that is NaN or infinite")
        if own["centers"].shape != own["variances"].shape or (own["variances"] <= 0).any() or metric["rho2"] <= 0:
            raise ValueError("variances must be positive, as many as centers, and rho2 must be positive")
        density._centers, density._variances, density._starts = own["centers"], own["variances"], own["starts"]
        density._rho2, density._log_integral = metric["rho2"], metric["log_integral"]
        density._log_ceiling = metric["log_ceiling"]
        density.about = {name: value for name, value in about.items() if name not in ("gaussian", "metric")}
        return density

    def _fit(self, z: np.ndarray, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._gaussian = Gaussian().fit(z, seed)
        rows = np.sort(rng.permutation(len(z))[:ROWS])
        x = self._whiten(np.asarray(z[rows], np.float64))
        self._starts = x[np.sort(rng.permutation(len(x))[:STARTS])]
        k = max(1, min(self.most, len(x) // CODES_EACH))
        self._centers, self._variances = clusters(x, k, rng)
        self._rho2 = _largest_nearest(self._centers)
        volumes = [self._volume(part)[0] for part in _parts(self._starts)]
        self._log_ceiling = float(np.quantile(np.concatenate(volumes), REACHED))
        self._log_integral = 0.0
        draws, log_q = self._draw(DRAWS, rng)
        log_weights = np.concatenate([self._log_density(part)[0] for part in _parts(draws)]) - log_q
        self._log_integral = float(logsumexp(log_weights)) - math.log(len(draws))  # pyright: ignore[reportArgumentType]
        weights = np.exp(log_weights - logsumexp(log_weights))
        self.about = {"codes": len(z), "centers": k, "effective_draws": float(1 / np.square(weights).sum())}

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        starts = self._starts[rng.integers(len(self._starts), size=n)]
        gaussian = self._gaussian
        codes = np.empty_like(starts)
        for first in range(0, n, TOGETHER):
            x = self._chains(starts[first : first + TOGETHER], rng)
            codes[first : first + TOGETHER] = (x @ gaussian.factors[0].T) * gaussian.scale + gaussian.center
        return codes

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        gaussian = self._gaussian
        log_determinant = np.log(np.diagonal(gaussian.factors[0])).sum() + np.log(gaussian.scale).sum()
        densities = [self._log_density(part)[0] for part in _parts(self._whiten(z))]
        return np.concatenate(densities) - self._log_integral - log_determinant

    def _log_density(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The logarithm of the stationary density up to a constant at (n, D), (n,), and its gradient, (n, D)."""
        log_volume, gradient = self._volume(x)
        below = log_volume < self._log_ceiling
        return (
            np.minimum(log_volume, self._log_ceiling) / TEMPERATURE,
            np.where(below[:, None], gradient / TEMPERATURE, 0.0),
        )

    def _volume(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The logarithm of the volume element, 1/2 log det G, at (n, D), (n,), and its gradient, (n, D)."""
        precisions = 1 / self._variances  # K D
        log_kernels = -_squares(x, self._centers, precisions) / self._rho2  # n K
        log_floor = math.log(self.regularization) - self.decay * np.einsum("nd,nd->n", x, x)
        top = np.maximum(log_kernels.max(axis=1), log_floor)[:, None]
        kernels, floor = np.exp(log_kernels - top), np.exp(log_floor[:, None] - top)
        metric = kernels @ precisions + floor  # n D, divided by exp(top)
        log_volume = 0.5 * (np.log(metric) + top).sum(axis=1)
        shares = (1 / metric) @ precisions.T * kernels  # n K: of each term in the sum over dimensions
        pull = shares @ (self._centers * precisions) - x * (shares @ precisions)
        decay = self.decay * x * (floor / metric).sum(axis=1)[:, None]
        return log_volume, pull / self._rho2 - decay

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws (n, D) from a mixture that covers the stationary density, and their log density.

        Gaussians of twice the clusters' variances, for the region in which the volume element is clipped, and one with
        the variance of the metric's last term, for the rest.
        """
        dim = self._centers.shape[1]
        centers = np.concatenate([self._centers, np.zeros((1, dim))])
        variances = np.concatenate([2 * self._variances, np.full((1, dim), TEMPERATURE / (self.decay * dim))])
        shares = np.append(np.full(len(self._centers), (1 - REST) / len(self._centers)), REST)
        chosen = rng.choice(len(centers), size=n, p=shares)
        draws = centers[chosen] + np.sqrt(variances[chosen]) * rng.standard_normal((n, dim))
        constants = np.log(shares) - 0.5 * (np.log(variances).sum(axis=1) + dim * math.log(2 * math.pi))
        distances = np.concatenate([_squares(part, centers, 1 / variances) for part in _parts(draws)])
        return draws, np.asarray(logsumexp(constants - distances / 2, axis=1))

    def _chains(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The final states of Hamiltonian Monte Carlo chains that start at (n, D)."""
        log_density, gradient = self._log_density(x)
        size = SIZE
        for _ in range(STEPS):
            momentum = rng.standard_normal(x.shape)
            energy = log_density - 0.5 * np.square(momentum).sum(axis=1)
            there, slope, new_density = x, gradient, log_density
            for _ in range(LEAPS):
                momentum = momentum + 0.5 * size * slope
                there = there + size * momentum
                new_density, slope = self._log_density(there)
                momentum = momentum + 0.5 * size * slope
            gain = new_density - 0.5 * np.square(momentum).sum(axis=1) - energy
            accepted = np.log(rng.random(len(x))) < gain
            x = np.where(accepted[:, None], there, x)
            log_density = np.where(accepted, new_density, log_density)
            gradient = np.where(accepted[:, None], slope, gradient)
            size = min(SIZE, size * (1.1 if accepted.mean() > ACCEPTED else 0.9))
        return x

    def _whiten(self, z: np.ndarray) -> np.ndarray:
        """Whitens codes (n, D): the Gaussian becomes N(0, I)."""
        x = (z - self._gaussian.center) / self._gaussian.scale
        return solve_triangular(self._gaussian.factors[0], x.T, lower=True, check_finite=False).T


def clusters(x: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The centers of k clusters of codes (n, D), and the variances in them, (k, D) each.

    K-means is initialized at random codes. The variances of clusters with few codes are shrunk toward those pooled over
    all clusters; their floor is `FLOOR` times the mean of the pooled ones.
    """
    centers = x[rng.permutation(len(x))[:k]]
    nearest = np.zeros(len(x), np.int64)
    for _ in range(ITERATIONS):
        before = nearest
        nearest = np.concatenate(
            [(np.square(centers).sum(axis=1) - 2 * part @ centers.T).argmin(axis=1) for part in _parts(x)]
        )
        counts, sums = _sums(nearest, x, k)
        centers = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)
        if (nearest == before).all():
            break
    _, squares = _sums(nearest, np.square(x - centers[nearest]), k)
    pooled = squares.sum(axis=0) / len(x)
    variances = (squares + x.shape[1] * pooled) / (counts + x.shape[1])[:, None]
    floor = FLOOR * float(pooled.mean()) if pooled.any() else FLOOR
    return centers, np.maximum(variances, floor)


def _sums(groups: np.ndarray, values: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The sizes (k,) of k groups, and the sums of the values (n, D) in each, (k, D)."""
    sums = np.zeros((k, values.shape[1]))
    np.add.at(sums, groups, values)
    return np.bincount(groups, minlength=k), sums


def _squares(x: np.ndarray, centers: np.ndarray, precisions: np.ndarray) -> np.ndarray:
    """Squared distances of points (n, D) to centers (K, D), each under its diagonal precisions (K, D): (n, K)."""
    return (
        np.square(x) @ precisions.T - 2 * x @ (centers * precisions).T + (np.square(centers) * precisions).sum(axis=1)
    )


def _largest_nearest(centers: np.ndarray) -> float:
    """The largest squared distance of a center to its nearest neighbor; D for a single center."""
    if len(centers) < 2:
        return float(centers.shape[1])
    nearest = [np.partition(np.square(centers - center).sum(axis=1), 1)[1] for center in centers]
    return max(float(max(nearest)), 1e-3 * centers.shape[1])


def _parts(x: np.ndarray) -> list[np.ndarray]:
    return [x[first : first + TOGETHER] for first in range(0, len(x), TOGETHER)]
