"""The two-stage density: a second variational autoencoder, over the codes of the first (2sVAE).

Codes are standardized in each dimension. The second autoencoder has two hidden layers of ReLUs on each side, a latent u
as wide as a code, N(0, I) for its prior, a diagonal Gaussian for q(u | z), and N(f(u), gamma^2 I) for p(z | u).
Source: Dai and Wipf 2019 (Diagnosing and Enhancing VAE Models); sizes of Ghosh et al. 2020.

`sample` draws u from N(0, I) and z from p(z | u). `log_prob` is no exact density, which this model has none of in
closed form, but the importance-weighted bound below it (Burda et al. 2016), with a fixed number of draws from q under a
fixed seed: it is too low on average, the less so the more draws.

Training needs torch and is in `second_stage`; what is here computes with numpy.
"""

import math
from typing import Any, Self

import numpy as np
from scipy.special import logsumexp

from grae.density.base import Density
from grae.density.gaussians import standardization
from grae.errors import SettingsError

LAYERS = ("encoder.0", "encoder.2", "mean", "scale", "decoder.0", "decoder.2", "decoder.4")
AT_ONCE = 16_384  # rows that a layer sees together
LOG_SIGMA_BOUND = 5.0  # log sigma = bound * tanh(layer), so that it stays finite far from the codes
SMALLEST_GAMMA = 1e-3  # in standardized units, as the floor of the Gaussians' eigenvalues


class TwoStage(Density):
    """A variational autoencoder over standardized codes; fitting it trains that, on the CPU, under the seed.

    The recipe of Ghosh et al. 2020 is width 1024, 100 epochs of batches of 64 and Adam at 1e-4 throughout; two cores
    would take hours for it where there are many codes. Without `max_steps` and at a constant rate, that is what is
    done.

    Args:
        width: of the four hidden layers.
        epochs: passes over the codes at most.
        max_steps: training steps at most, as whole epochs, but one epoch at least; None for no such limit.
        batch_size: codes a step.
        learning_rate: of Adam; the highest of the schedule.
        schedule: "cosine" down to 0, or "constant".
        gamma: standard deviation of p(z | u) in standardized units; None to learn it with the weights, and to take the
            most likely one for them in the end. A fixed one is the weight beta of a KL term beside the mean over the D
            dimensions of the squared error: gamma^2 = beta D / 2.
        draws: from q(u | z) for each code in `log_prob`.

    Raises:
        SettingsError: a setting is out of range.
    """

    def __init__(
        self,
        width: int = 1024,
        *,
        epochs: int = 100,
        max_steps: int | None = 5000,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        schedule: str = "cosine",
        gamma: float | None = None,
        draws: int = 64,
    ) -> None:
        counts = {"width": width, "epochs": epochs, "max_steps": max_steps, "batch_size": batch_size, "draws": draws}
        for name, value in counts.items():
            if value is not None and value < 1:
                raise SettingsError(f"two-stage density: {name} is {value}; expected at least 1")
        if gamma is not None and not gamma > 0:
            raise SettingsError(f"two-stage density: gamma is {gamma}; expected a positive number")
        self.width, self.epochs, self.max_steps, self.batch_size = width, epochs, max_steps, batch_size
        self.learning_rate, self.schedule, self.gamma, self.draws = learning_rate, schedule, gamma, draws
        self.about: dict[str, Any] = {}

    def encode(self, z: np.ndarray) -> np.ndarray:
        """The mean of q(u | z) at codes (n, D): (n, D) float64."""
        self._fitted()
        return self._encode(((z - self.center) / self.deviation).astype(np.float32))[0]

    def decode(self, u: np.ndarray) -> np.ndarray:
        """The mean of p(z | u), in the units of the codes, at (n, D): (n, D) float64."""
        self._fitted()
        return self._decode(np.asarray(u, np.float32)) * self.deviation + self.center

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """See Density."""
        self._fitted()
        arrays = {"center": self.center, "deviation": self.deviation, **self.weights}
        return arrays, {**self.about, "gamma": self.gamma_, "draws": self.draws}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """See Density."""
        gamma, draws = about.get("gamma"), about.get("draws")
        if not isinstance(gamma, float) or not gamma > 0 or not isinstance(draws, int) or draws < 1:
            raise ValueError(f"expected a positive gamma and number of draws, not {gamma!r} and {draws!r}")
        if "center" not in arrays or arrays["center"].ndim != 1 or "encoder.0.weight" not in arrays:
            raise ValueError("the arrays center and encoder.0.weight are missing or of another shape")
        shapes = _shapes(len(arrays["center"]), len(arrays["encoder.0.weight"]))
        if arrays.keys() != shapes.keys():
            raise ValueError(f"expected the arrays {', '.join(shapes)}, found {', '.join(arrays)}")
        for name, shape in shapes.items():
            dtype = np.float64 if name in ("center", "deviation") else np.float32
            if arrays[name].shape != shape or arrays[name].dtype != dtype:
                found = f"shape {arrays[name].shape} and type {arrays[name].dtype}"
                raise ValueError(f"{name} has {found}, not {shape} and {np.dtype(dtype)}")
            if not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} holds a value that is NaN or infinite")
        if (arrays["deviation"] <= 0).any():
            raise ValueError("deviations must be positive")
        density = cls(draws=draws)
        density.center, density.deviation = arrays["center"], arrays["deviation"]
        density.weights = {name: arrays[name] for name in shapes if name not in ("center", "deviation")}
        density.gamma_ = gamma
        density.about = {name: value for name, value in about.items() if name not in ("gamma", "draws")}
        density.dim = len(density.center)
        return density

    def _fit(self, z: np.ndarray, seed: int) -> None:
        from grae.density.second_stage import train_second_stage

        self.center, self.deviation = standardization(z)
        x = ((np.asarray(z, dtype=np.float64) - self.center) / self.deviation).astype(np.float32)
        self.weights, self.about = train_second_stage(
            x,
            width=self.width,
            epochs=self.epochs,
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            gamma=self.gamma,
            seed=seed,
        )
        self.gamma_ = self.gamma or self._most_likely_gamma(x, np.random.default_rng(seed))

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        u = rng.standard_normal((n, len(self.center))).astype(np.float32)
        x = self._decode(u) + self.gamma_ * rng.standard_normal(u.shape)
        return x * self.deviation + self.center

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        x = (z - self.center) / self.deviation  # n D
        rng = np.random.default_rng(0)
        at_once = max(1, AT_ONCE // self.draws)
        found = [self._bound(x[start : start + at_once], rng) for start in range(0, len(x), at_once)]
        return np.concatenate([np.empty(0), *found]) - np.log(self.deviation).sum()

    def _bound(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The importance-weighted bound of the log density of standardized codes (n, D): (n,), in nats."""
        n, dim = x.shape
        mean, log_sigma = self._encode(x.astype(np.float32))  # n D
        noise = rng.standard_normal((self.draws, n, dim))  # K n D
        u = mean + np.exp(log_sigma) * noise
        back = self._decode(u.reshape(-1, dim).astype(np.float32)).reshape(u.shape)
        error = np.square((x - back) / self.gamma_).sum(axis=-1) + 2 * dim * math.log(self.gamma_)
        # log p(x | u) + log p(u) - log q(u | x), in which the constants of prior and posterior cancel
        log_ratio = log_sigma.sum(axis=-1) + 0.5 * (np.square(noise).sum(axis=-1) - np.square(u).sum(axis=-1) - error)
        return np.asarray(logsumexp(log_ratio, axis=0)) - math.log(self.draws) - 0.5 * dim * math.log(2 * math.pi)

    def _most_likely_gamma(self, x: np.ndarray, rng: np.random.Generator) -> float:
        """The root of the mean squared error of codes (n, D) after a draw from q."""
        total = 0.0
        for start in range(0, len(x), AT_ONCE):
            part = x[start : start + AT_ONCE]
            mean, log_sigma = self._encode(part)
            u = mean + np.exp(log_sigma) * rng.standard_normal(part.shape)
            total += np.square(part - self._decode(u.astype(np.float32))).sum(dtype=np.float64)
        return max(math.sqrt(total / x.size), SMALLEST_GAMMA)

    def _encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log sigma of q(u | z) at standardized codes (n, D) float32, float64 each."""
        hidden = self._relu("encoder.2", self._relu("encoder.0", x))
        mean, raw = self._linear("mean", hidden), self._linear("scale", hidden)
        return mean.astype(np.float64), LOG_SIGMA_BOUND * np.tanh(raw.astype(np.float64))

    def _decode(self, u: np.ndarray) -> np.ndarray:
        """f(u) of (n, D) float32, (n, D) float64."""
        parts = [
            self._linear("decoder.4", self._relu("decoder.2", self._relu("decoder.0", u[start : start + AT_ONCE])))
            for start in range(0, len(u), AT_ONCE)
        ]
        return np.concatenate([np.empty((0, u.shape[1])), *parts])

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _relu(self, name: str, x: np.ndarray) -> np.ndarray:
        return np.maximum(self._linear(name, x), 0)


def _shapes(dim: int, width: int) -> dict[str, tuple[int, ...]]:
    """The shape of each array of a state, for codes and hidden layers so wide."""
    inputs = dict(zip(LAYERS, (dim, width, width, width, dim, width, width), strict=True))
    outputs = dict(zip(LAYERS, (width, width, dim, dim, width, width, dim), strict=True))
    shapes: dict[str, tuple[int, ...]] = {"center": (dim,), "deviation": (dim,)}
    for layer in LAYERS:
        shapes |= {f"{layer}.weight": (outputs[layer], inputs[layer]), f"{layer}.bias": (outputs[layer],)}
    return shapes
