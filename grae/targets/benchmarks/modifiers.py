"""The modifiers of GuacaMol, which map measured values to scores between 0 and 1.

Source: Brown et al., "GuacaMol: Benchmarking Models for de Novo Molecular Design", J. Chem. Inf. Model. 59, 2019.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Modifier(Protocol):
    """Maps values (n,) float64 to scores (n,) float64."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The scores of values."""
        ...


@dataclass(frozen=True)
class Gaussian:
    """1 at the center, exp(-(x - center)^2 / (2 width^2)) around it."""

    center: float
    width: float

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """See the class."""
        return np.exp(-0.5 * np.square((values - self.center) / self.width))


@dataclass(frozen=True)
class AtMost:
    """1 up to a bound, above it the falling half of a Gaussian."""

    bound: float
    width: float

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """See the class."""
        return Gaussian(self.bound, self.width)(np.maximum(values, self.bound))


@dataclass(frozen=True)
class AtLeast:
    """1 above a bound, below it the rising half of a Gaussian."""

    bound: float
    width: float

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """See the class."""
        return Gaussian(self.bound, self.width)(np.minimum(values, self.bound))


@dataclass(frozen=True)
class UpTo:
    """Proportional to the value up to a bound, 1 above it."""

    bound: float

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """See the class."""
        return np.clip(values / self.bound, 0.0, 1.0)


@dataclass(frozen=True)
class Identity:
    """The value itself."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """See the class."""
        return values
