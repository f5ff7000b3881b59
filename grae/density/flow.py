"""A normalizing flow of the codes: a neural spline flow, trained by maximum likelihood.

The codes are whitened by the Gaussian fitted to them, with its floors; before training, the flow is that Gaussian.
Source: Durkan et al. 2019 (Neural Spline Flows), with coupling layers, which are as fast to sample as to evaluate.

The network is in `splines`, which needs torch.
"""

from typing import Any, Self

import numpy as np
from scipy.linalg import solve_triangular

from grae.density.base import Density
from grae.density.gaussians import Gaussian
from grae.errors import SettingsError

SIZES = ("transforms", "hidden", "bins")


class SplineFlow(Density):
    """A normalizing flow from N(0, I) to the whitened codes, trained on the CPU.

    Args:
        transforms: number of coupling layers, each with a random permutation of the dimensions.
        hidden: width of the two hidden layers of each coupling layer.
        bins: number of bins of each rational-quadratic spline on [-5, 5] in whitened units; outside, it is the
            identity.
        max_steps: maximum number of steps, rounded to whole epochs, at least one.
        epochs: maximum number of epochs.
        batch_size: codes per step.
        learning_rate: initial learning rate of Adam, with a cosine schedule to 0.

    Raises:
        SettingsError: a setting is out of range.
    """

    def __init__(
        self,
        *,
        transforms: int = 4,
        hidden: int = 256,
        bins: int = 8,
        max_steps: int = 2000,
        epochs: int = 40,
        batch_size: int = 256,
        learning_rate: float = 1e-3,
    ) -> None:
        counts = {"transforms": transforms, "hidden": hidden, "max_steps": max_steps, "epochs": epochs}
        for name, value in {**counts, "batch_size": batch_size}.items():
            if value < 1:
                raise SettingsError(f"flow density: {name} is {value}; expected at least 1")
        if bins < 2:
            raise SettingsError(f"flow density: bins is {bins}; expected at least 2")
        self.transforms, self.hidden, self.bins = transforms, hidden, bins
        self.max_steps, self.epochs, self.batch_size, self.learning_rate = max_steps, epochs, batch_size, learning_rate
        self.about: dict[str, Any] = {}

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """See Density."""
        self._fitted()
        arrays, about = self._gaussian.state()
        return (
            {f"gaussian.{name}": array for name, array in arrays.items()} | self._flow.arrays(),
            {**self.about, "gaussian": about, "sizes": self._sizes},
        )

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """See Density."""
        sizes = about.get("sizes")
        if not isinstance(sizes, dict) or sizes.keys() != set(SIZES) or not isinstance(about.get("gaussian"), dict):
            raise ValueError(f"expected the flow's sizes ({', '.join(SIZES)}) and its Gaussian, found {sizes!r}")
        try:
            density = cls(**sizes)
        except (TypeError, SettingsError) as error:
            raise ValueError(f"sizes {sizes!r}: {error}") from None
        own = {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith("gaussian.")}
        density._gaussian = Gaussian.from_state(own, about["gaussian"])
        density.dim = len(density._gaussian.center)
        density._flow = density._fresh(density.dim, seed=0)
        density._flow.take({name: array for name, array in arrays.items() if not name.startswith("gaussian.")})
        density.about = {name: value for name, value in about.items() if name not in ("gaussian", "sizes")}
        return density

    @property
    def _sizes(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in SIZES}

    def _fresh(self, dim: int, seed: int) -> Any:
        from grae.density.splines import Splines

        return Splines(dim, **self._sizes, seed=seed)

    def _fit(self, z: np.ndarray, seed: int) -> None:
        self._gaussian = Gaussian().fit(z, seed)
        self._flow = self._fresh(z.shape[1], seed)
        self.about = self._flow.fit(
            self._whiten(np.asarray(z, dtype=np.float64)).astype(np.float32),
            epochs=self.epochs,
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=seed,
        )

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        gaussian = self._gaussian
        x = self._flow.from_noise(rng.standard_normal((n, len(gaussian.center))))
        return (x @ gaussian.factors[0].T) * gaussian.scale + gaussian.center

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        gaussian = self._gaussian
        log_determinant = np.log(np.diagonal(gaussian.factors[0])).sum() + np.log(gaussian.scale).sum()
        return self._flow.log_prob(self._whiten(z)) - log_determinant

    def _whiten(self, z: np.ndarray) -> np.ndarray:
        """Whitens codes (n, D): the Gaussian becomes N(0, I)."""
        x = (z - self._gaussian.center) / self._gaussian.scale
        return solve_triangular(self._gaussian.factors[0], x.T, lower=True, check_finite=False).T
