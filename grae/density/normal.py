"""The standard normal density, the prior of a variational autoencoder."""

import math
from typing import Any, Self

import numpy as np

from grae.density.base import Density


class StandardNormal(Density):
    """N(0, I). Fitting only sets the number of dimensions.

    Args:
        dim: D; None to take it from the codes in `fit`.
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """See Density."""
        return {}, {"dim": self._fitted()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """See Density."""
        dim = about.get("dim")
        if arrays or not isinstance(dim, int) or isinstance(dim, bool) or dim < 1:
            raise ValueError(f"a standard normal has a positive number of dimensions and no arrays, not {dim!r}")
        return cls(dim)

    def _fit(self, z: np.ndarray, seed: int) -> None:
        pass

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((n, self._fitted()))

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        return -0.5 * (np.einsum("nd,nd->n", z, z) + z.shape[1] * math.log(2 * math.pi))
