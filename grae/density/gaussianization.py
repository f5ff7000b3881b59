"""Sliced iterative Gaussianization: rotations and marginal splines, fitted one after another.

Each layer rotates the codes to the directions in which they differ most from N(0, 1) (sliced Wasserstein distance), and
then makes each coordinate more Gaussian with an increasing spline. Both are invertible, so samples and log densities
are exact. Layers are added while the likelihood of held-out codes increases; without layers, the density is a Gaussian.

Sources: Chen and Gopinath 2000 (Gaussianization); Laparra, Camps-Valls and Malo 2011 (iterative rotations); Dai and
Seljak 2021 (the directions, and the regularized steps).
"""

import math
from typing import Any, Self

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import ndtr, ndtri

from grae.density.base import CHUNK, Density
from grae.density.gaussians import Gaussian
from grae.density.monotone import Splines
from grae.errors import SettingsError

HELD_OUT = 0.1  # share of the codes held out to select the number of layers
FEWEST = 50  # codes; to fewer, a Gaussian is fitted
PATIENCE = 3  # layers without a higher likelihood of the held-out codes
ROWS = 4_096  # codes from which the directions are computed
ASCENT, RATE = 40, 0.5  # gradient ascent to the directions: number of steps, initial step size
NARROWEST = 0.02  # minimum distance of two knots, relative to that of their Gaussian quantiles
ARRAYS = ("rotations", "x", "y", "slopes")


class Gaussianization(Density):
    """Rotations and marginal splines from N(0, I) to the whitened codes.

    Args:
        layers: maximum number of layers.
        knots: knots per spline.
        step: fraction of the way to the Gaussian that each layer takes, up to 1.

    Raises:
        SettingsError: a setting is out of range.
    """

    def __init__(self, *, layers: int = 30, knots: int = 16, step: float = 0.7) -> None:
        if layers < 1 or knots < 4 or not 0 < step <= 1:
            raise SettingsError(
                f"gaussianization: layers {layers}, knots {knots}, step {step}; expected at least 1, at least 4, and "
                "above 0 up to 1"
            )
        self.layers, self.knots, self.step = layers, knots, step
        self.about: dict[str, Any] = {}

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """See Density."""
        dim = self._fitted()
        arrays, about = self._gaussian.state()
        layers = [(rotation, spline.x, spline.y, spline.slopes) for rotation, spline in self._layers]
        empty = (np.empty((0, dim, dim)), *(np.empty((0, dim, self.knots)) for _ in ARRAYS[1:]))
        stacked = [np.stack(of_all) for of_all in zip(*layers, strict=True)] if layers else empty
        own = {f"gaussian.{name}": array for name, array in arrays.items()}
        return own | dict(zip(ARRAYS, stacked, strict=True)), {**self.about, "gaussian": about}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """See Density."""
        gaussian = {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith("gaussian.")}
        own = {name: array for name, array in arrays.items() if not name.startswith("gaussian.")}
        if own.keys() != set(ARRAYS) or not isinstance(about.get("gaussian"), dict):
            raise ValueError(
                f"expected the arrays {', '.join(ARRAYS)} and a Gaussian, found {', '.join(own) or 'none'}"
            )
        density = cls()
        density._gaussian = Gaussian.from_state(gaussian, about["gaussian"])
        density.dim = dim = len(density._gaussian.center)
        n, knots = len(own["rotations"]), own["x"].shape[-1] if own["x"].ndim == 3 else 0
        for name, array in own.items():
            shape = (n, dim, dim) if name == "rotations" else (n, dim, knots)
            if array.shape != shape or array.dtype != np.float64 or not np.isfinite(array).all() or knots < 2:
                raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, not finite float64s {shape}")
        turned = own["rotations"] @ np.swapaxes(own["rotations"], 1, 2)
        if not np.allclose(turned, np.eye(dim), atol=1e-6):
            raise ValueError("rotations are not orthogonal")
        if not ((np.diff(own["x"]) > 0).all() and (np.diff(own["y"]) > 0).all() and (own["slopes"] > 0).all()):
            raise ValueError("the splines must increase")
        density.knots = knots
        density._layers = [(own["rotations"][i], Splines(own["x"][i], own["y"][i], own["slopes"][i])) for i in range(n)]
        density.about = {name: value for name, value in about.items() if name != "gaussian"}
        return density

    def _fit(self, z: np.ndarray, seed: int) -> None:
        self._gaussian = Gaussian().fit(z, seed)
        self._layers: list[tuple[np.ndarray, Splines]] = []
        self.about = {"codes": len(z), "layers": 0}
        if len(z) < FEWEST:
            return
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(z))
        n_held = max(1, int(HELD_OUT * len(z)))
        x = self._whiten(np.asarray(z, np.float64))
        held_out, x = x[order[:n_held]], x[order[n_held:]]
        jacobian, best, since = np.zeros(len(held_out)), _normal(held_out).mean(), 0
        layers, kept = [], 0
        self.about["held_out_gain"] = 0.0
        first = best
        while len(layers) < self.layers and since < PATIENCE:
            rotation = directions(x[rng.permutation(len(x))[:ROWS]], rng)
            x = x @ rotation
            spline = marginal_splines(x, self.knots, self.step)
            x, _ = spline.forward(x)
            held_out, slopes = spline.forward(held_out @ rotation)
            jacobian += slopes.sum(axis=1)
            layers.append((rotation, spline))
            likelihood = float((_normal(held_out) + jacobian).mean())
            since = 0 if likelihood > best else since + 1
            if not since:
                best, kept = likelihood, len(layers)
        self._layers = layers[:kept]
        self.about |= {"layers": kept, "held_out_gain": float(best - first)}

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        gaussian = self._gaussian
        codes = np.empty((n, self._fitted()))
        for start in range(0, n, CHUNK):
            x = rng.standard_normal((min(CHUNK, n - start), self._fitted()))
            for rotation, spline in reversed(self._layers):
                x = spline.inverse(x) @ rotation.T
            codes[start : start + CHUNK] = (x @ gaussian.factors[0].T) * gaussian.scale + gaussian.center
        return codes

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        gaussian = self._gaussian
        x = self._whiten(z)
        total = np.full(len(z), -np.log(np.diagonal(gaussian.factors[0])).sum() - np.log(gaussian.scale).sum())
        for rotation, spline in self._layers:
            x, slopes = spline.forward(x @ rotation)
            total += slopes.sum(axis=1)
        return total + _normal(x)

    def _whiten(self, z: np.ndarray) -> np.ndarray:
        """Whitens codes (n, D): the Gaussian becomes N(0, I)."""
        x = (z - self._gaussian.center) / self._gaussian.scale
        return solve_triangular(self._gaussian.factors[0], x.T, lower=True, check_finite=False).T


def directions(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Orthogonal directions, (D, D), in which codes differ from N(0, 1).

    They are a local maximum of the sum of squared Wasserstein-2 distances, found by gradient ascent from random
    directions (Dai and Seljak 2021, algorithm 1).

    Args:
        x: (n, D) whitened codes.
        rng: generator of the initial directions.
    """
    n, dim = x.shape
    quantiles = ndtri((np.arange(n) + 0.5) / n)[:, None]
    rotation, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
    best, value, rate = rotation, -math.inf, RATE
    for _ in range(ASCENT):
        projected = x @ rotation
        order = np.argsort(projected, axis=0)
        residual = np.empty_like(projected)
        np.put_along_axis(residual, order, np.take_along_axis(projected, order, axis=0) - quantiles, axis=0)
        distance = float(np.square(residual).mean(axis=0).sum())
        if distance <= value:
            rate /= 2
            rotation = best
            if rate < RATE / 64:
                break
        else:
            best, value, gradient = rotation, distance, 2 * x.T @ residual / n
        tangent = gradient - best @ (best.T @ gradient + gradient.T @ best) / 2
        size = np.linalg.norm(tangent)
        if not size:
            break
        rotation, triangle = np.linalg.qr(best + rate * math.sqrt(dim) / size * tangent)
        rotation = rotation * np.where(np.diagonal(triangle) < 0, -1.0, 1.0)
    return best


def marginal_splines(x: np.ndarray, knots: int, step: float) -> Splines:
    """Splines that move the quantiles of each column of (n, D) numbers a fraction of the way to those of N(0, 1).

    Args:
        x: the numbers.
        knots: knots per spline.
        step: fraction of the way, up to 1.
    """
    widest = float(np.clip(-ndtri(5 / len(x)), 1.0, 3.5))
    gaussian = np.linspace(-widest, widest, knots)
    quantiles = np.quantile(x, ndtr(gaussian), axis=0).T  # D K
    gaps = np.maximum(np.diff(quantiles, axis=1), NARROWEST * np.diff(gaussian))
    places = quantiles[:, :1] + np.concatenate([np.zeros((len(gaps), 1)), np.cumsum(gaps, axis=1)], axis=1)
    return Splines.through(places, (1 - step) * places + step * gaussian)


def _normal(x: np.ndarray) -> np.ndarray:
    """The log density of N(0, I) at (n, D), (n,)."""
    return -0.5 * (np.einsum("nd,nd->n", x, x) + x.shape[1] * math.log(2 * math.pi))
