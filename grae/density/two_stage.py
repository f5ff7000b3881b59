"""The two-stage density: a second variational autoencoder, trained on the codes of the first (2sVAE).

Codes are standardized in each dimension. The second autoencoder has two hidden ReLU layers on each side, a latent u of
the width of a code with prior N(0, I), a diagonal Gaussian q(u | z), and p(z | u) = N(f(u), gamma^2 I).
Source: Dai and Wipf 2019 (Diagnosing and Enhancing VAE Models); sizes of Ghosh et al. 2020.

`sample` draws u from N(0, I) and z from p(z | u). The model has no density in closed form: `log_prob` is the
importance-weighted lower bound (Burda et al. 2016), with a fixed number of draws from q under a fixed seed. It is
biased downward, less so with more draws.

The network is in `second_stage`, which needs torch.
"""

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import logsumexp

from grae.density.base import Density
from grae.density.gaussians import standardization
from grae.errors import SettingsError

if TYPE_CHECKING:
    from grae.density.second_stage import SecondStage

AT_ONCE = 16_384  # draws per batch
SMALLEST_GAMMA = 1e-3  # in standardized units, like the floor of the Gaussians' eigenvalues


class TwoStage(Density):
    """A variational autoencoder of standardized codes, trained on the CPU.

    Ghosh et al. 2020 use width 1024, 100 epochs, batch size 64, and Adam at a constant learning rate of 1e-4, which
    takes hours on two cores for many codes; this corresponds to `max_steps=None` with a constant schedule.

    Args:
        width: width of the four hidden layers.
        epochs: maximum number of epochs.
        max_steps: maximum number of steps, rounded to whole epochs, at least one; None for no limit.
        batch_size: codes per step.
        learning_rate: learning rate of Adam, the peak of the schedule.
        schedule: "cosine" down to 0, or "constant".
        gamma: standard deviation of p(z | u) in standardized units; None to learn it, and to set it to its maximum
            likelihood value after training. A fixed gamma corresponds to the weight beta of a KL term next to the
            squared error averaged over the D dimensions: gamma^2 = beta D / 2.
        draws: number of draws from q(u | z) per code in `log_prob`.

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
        return self._stage.encode((z - self.center) / self.deviation)[0]

    def decode(self, u: np.ndarray) -> np.ndarray:
        """The mean of p(z | u), in the units of the codes, at (n, D): (n, D) float64."""
        self._fitted()
        return self._stage.decode(u) * self.deviation + self.center

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """See Density."""
        self._fitted()
        arrays = {"center": self.center, "deviation": self.deviation, **self._stage.arrays()}
        return arrays, {**self.about, "gamma": self.gamma_, "draws": self.draws}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """See Density."""
        gamma, draws = about.get("gamma"), about.get("draws")
        if not isinstance(gamma, float) or not gamma > 0 or not isinstance(draws, int) or draws < 1:
            raise ValueError(f"expected a positive gamma and number of draws, not {gamma!r} and {draws!r}")
        if "center" not in arrays or arrays["center"].ndim != 1 or "encoder.0.weight" not in arrays:
            raise ValueError("the arrays center and encoder.0.weight are missing or of another shape")
        density = cls(len(arrays["encoder.0.weight"]), draws=draws)
        density.dim = len(arrays["center"])
        density._stage = density._fresh(density.dim, seed=0)
        scaling = {name: np.zeros(density.dim) for name in ("center", "deviation")}
        expected = {**scaling, **density._stage.arrays()}
        if arrays.keys() != expected.keys():
            raise ValueError(f"expected the arrays {', '.join(expected)}, found {', '.join(arrays)}")
        for name, array in expected.items():
            if arrays[name].shape != array.shape or arrays[name].dtype != array.dtype:
                stored = f"shape {arrays[name].shape} and type {arrays[name].dtype}"
                raise ValueError(f"{name} has {stored}, not {array.shape} and {array.dtype}")
            if not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} holds a value that is NaN or infinite")
        if (arrays["deviation"] <= 0).any():
            raise ValueError("deviations must be positive")
        density.center, density.deviation = arrays["center"], arrays["deviation"]
        density._stage.take({name: array for name, array in arrays.items() if name not in scaling})
        density.gamma_ = gamma
        density.about = {name: value for name, value in about.items() if name not in ("gamma", "draws")}
        return density

    def _fit(self, z: np.ndarray, seed: int) -> None:
        self.center, self.deviation = standardization(z)
        x = ((np.asarray(z, dtype=np.float64) - self.center) / self.deviation).astype(np.float32)
        self._stage = self._fresh(x.shape[1], seed)
        self.about = self._stage.fit(
            x,
            epochs=self.epochs,
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            seed=seed,
        )
        self.gamma_ = self.gamma or self._most_likely_gamma(x, np.random.default_rng(seed))

    def _fresh(self, dim: int, seed: int) -> "SecondStage":
        from grae.density.second_stage import SecondStage

        return SecondStage(dim, width=self.width, gamma=self.gamma, seed=seed)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        u = rng.standard_normal((n, len(self.center))).astype(np.float32)
        x = self._stage.decode(u) + self.gamma_ * rng.standard_normal(u.shape)
        return x * self.deviation + self.center

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        x = (z - self.center) / self.deviation  # n D
        rng = np.random.default_rng(0)
        at_once = max(1, AT_ONCE // self.draws)
        bounds = [self._bound(x[start : start + at_once], rng) for start in range(0, len(x), at_once)]
        return np.concatenate([np.empty(0), *bounds]) - np.log(self.deviation).sum()

    def _bound(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The importance-weighted lower bound of the log density of standardized codes (n, D): (n,), in nats."""
        n, dim = x.shape
        mean, log_sigma = self._stage.encode(x)  # n D
        noise = rng.standard_normal((self.draws, n, dim))  # K n D
        u = mean + np.exp(log_sigma) * noise
        back = self._stage.decode(u.reshape(-1, dim)).reshape(u.shape)
        error = np.square((x - back) / self.gamma_).sum(axis=-1) + 2 * dim * math.log(self.gamma_)
        # log p(x | u) + log p(u) - log q(u | x); the constants of prior and posterior cancel
        log_ratio = log_sigma.sum(axis=-1) + 0.5 * (np.square(noise).sum(axis=-1) - np.square(u).sum(axis=-1) - error)
        return np.asarray(logsumexp(log_ratio, axis=0)) - math.log(self.draws) - 0.5 * dim * math.log(2 * math.pi)

    def _most_likely_gamma(self, x: np.ndarray, rng: np.random.Generator) -> float:
        """The root-mean-square reconstruction error of codes (n, D), with a draw from q for each."""
        total = 0.0
        for start in range(0, len(x), AT_ONCE):
            part = x[start : start + AT_ONCE]
            mean, log_sigma = self._stage.encode(part)
            u = mean + np.exp(log_sigma) * rng.standard_normal(part.shape)
            total += np.square(part - self._stage.decode(u)).sum(dtype=np.float64)
        return max(math.sqrt(total / x.size), SMALLEST_GAMMA)
