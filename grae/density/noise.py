"""Sampling of codes with the noise that a model was trained with."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from grae.density.base import Density


class Sampled(Protocol):
    """A distribution from which codes can be drawn."""

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Draws codes, (n, D) float32."""
        ...


@dataclass(frozen=True, slots=True)
class WithNoise:
    """A density of codes, with Gaussian noise added to each sampled code.

    Attributes:
        density: density fitted to codes without noise.
        noise: standard deviation in each dimension.
    """

    density: Density
    noise: float

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Draws codes, (n, D) float32."""
        codes = self.density.sample(n, seed)
        return codes + (self.noise * np.random.default_rng([seed, 1]).standard_normal(codes.shape)).astype(np.float32)
