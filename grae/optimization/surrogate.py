"""The local surrogate: a Gaussian process on a few hundred points, and posterior samples."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import pdist
from scipy.special import ndtri
from scipy.stats import rankdata

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # linear_operator uses a deprecated torch API
    from botorch.exceptions.warnings import OptimizationWarning
    from botorch.models import SingleTaskGP
    from botorch.optim.fit import fit_gpytorch_mll_scipy
    from botorch.settings import validate_input_scaling
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from linear_operator.utils.cholesky import psd_safe_cholesky
    from linear_operator.utils.warnings import NumericalWarning

ITERATIONS = 15
NOISE = 0.02
MOST_DRAWN = 1_000
"""Maximum number of points in a joint posterior sample, whose cost is cubic in it."""


@contextmanager
def one_thread() -> Iterator[None]:
    """A context with one torch thread: for small matrices, two threads take 5 to 20 times as long as one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Values by rank as quantiles of the standard normal distribution, (n,) float64; ties share a quantile.

    The transformation is independent of the target's scale: only the order matters for a search, and the best values
    are as far apart as the worst.
    """
    return ndtri((rankdata(values, "average") - 0.5) / len(values))


def fitted(points: torch.Tensor, outcomes: torch.Tensor, steps: int) -> SingleTaskGP:
    """BoTorch's Gaussian process: a squared exponential kernel with one length scale per dimension, and its priors.

    It is fitted by a few steps of L-BFGS on the marginal likelihood, starting at half the median distance of the
    points.

    Args:
        points: (n, D) float64.
        outcomes: (n,) float64, with about unit variance.
        steps: maximum number of L-BFGS steps.
    """
    with one_thread(), quiet():
        model = SingleTaskGP(points, outcomes[:, None], outcome_transform=None)
        length = 0.5 * max(float(np.median(pdist(points.numpy()))), 1e-6)
        model.initialize(**{"covar_module.lengthscale": length, "likelihood.noise": NOISE})
        fit_gpytorch_mll_scipy(ExactMarginalLogLikelihood(model.likelihood, model), options={"maxiter": steps})
        model.eval()
    return model


def hyperparameters(model: Any) -> tuple[torch.Tensor, float, float]:
    """The hyperparameters of a process from `fitted`: length scales (D,), variance of the noise, constant mean."""
    with torch.no_grad():
        return (
            model.covar_module.lengthscale[0].clone(),
            float(model.likelihood.noise),
            float(model.mean_module.constant),
        )


class LocalSurrogate:
    """A Gaussian process on points and the normal scores of their values; higher is better.

    Args:
        points: (n, D) float64.
        values: (n,) float64, higher is better.
    """

    def __init__(self, points: np.ndarray, values: np.ndarray) -> None:
        self.model = fitted(torch.from_numpy(points), torch.from_numpy(normal_scores(values)), ITERATIONS)

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the standard deviation at points (m, D), (m,) float64 each, in normal scores."""
        with one_thread(), quiet(), torch.no_grad():
            posterior = self.model.posterior(torch.from_numpy(points))
            return posterior.mean[:, 0].numpy(), posterior.variance[:, 0].sqrt().numpy()

    def draw(self, points: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Joint posterior samples of n functions at points (m, D): (n, m) float64."""
        with one_thread(), quiet(), torch.no_grad():
            posterior = self.model.posterior(torch.from_numpy(points))
            factor = psd_safe_cholesky(posterior.distribution.covariance_matrix)  # pyright: ignore[reportAttributeAccessIssue]
            noise = torch.from_numpy(rng.standard_normal((n, len(points))))
            return (posterior.mean[:, 0] + noise @ factor.T).numpy()

    def thompson(self, points: np.ndarray, n: int, rng: np.random.Generator) -> list[int]:
        """The indices of points (m, D) to select: for each of n posterior samples, its maximum among the unselected.

        If there are many points, samples are drawn only at the most promising (mean plus two standard deviations).
        """
        mean, deviation = self.predict(points)
        looked_at = np.argsort(-(mean + 2 * deviation), kind="stable")[:MOST_DRAWN]
        taken: list[int] = []
        for function in self.draw(points[looked_at], min(n, len(looked_at)), rng):
            ranked = looked_at[np.argsort(-function, kind="stable")]
            taken.append(next(int(place) for place in ranked if place not in taken))
        return taken


@contextmanager
def quiet() -> Iterator[None]:
    """A context without warnings about short fits, points outside the unit cube, and nearly coincident points."""
    with warnings.catch_warnings(), validate_input_scaling(False):
        for category in (OptimizationWarning, NumericalWarning):
            warnings.simplefilter("ignore", category)
        yield
