"""The interface of densities of latent codes."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from grae.errors import DataError

CHUNK = 16_384
"""Codes per batch, which bounds the working memory of a call."""


class Density(ABC):
    """A density of codes of D dimensions.

    Fitted to codes (n, D) of any float dtype, it samples codes (n, D) float32 and evaluates the log density in nats.
    Random draws follow the seed that is passed.

    Attributes:
        dim: D; None before `fit`.
    """

    dim: int | None = None

    def fit(self, z: np.ndarray, seed: int = 0) -> Self:
        """Fits the density to codes.

        Args:
            z: (n, D) finite floats, n at least 1; memory-mapped arrays are read in parts.
            seed: seed of random draws.

        Raises:
            DataError: no codes, wrong shape, or NaN or infinite values.
        """
        codes = np.asanyarray(z)
        if codes.ndim != 2 or 0 in codes.shape:
            raise DataError(f"codes to fit a density to have shape {codes.shape}, not (n, D) with n, D > 0")
        check_finite(codes)
        self._fit(codes, seed)
        self.dim = codes.shape[1]
        return self

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Draws codes, (n, D) float32."""
        self._fitted()
        return self._sample(n, np.random.default_rng(seed)).astype(np.float32)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """The log density of each code, (n,) float64, in nats.

        Raises:
            DataError: wrong shape, or NaN or infinite values.
        """
        dim, codes = self._fitted(), np.asanyarray(z)
        if codes.ndim != 2 or codes.shape[1] != dim:
            raise DataError(f"codes have shape {codes.shape}, but the density is over (n, {dim})")
        check_finite(codes)
        densities = np.empty(len(codes))
        for start in range(0, len(codes), CHUNK):
            densities[start : start + CHUNK] = self._log_prob(
                np.asarray(codes[start : start + CHUNK], dtype=np.float64)
            )
        return densities

    @abstractmethod
    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The state for `from_state`: arrays by name, and JSON-serializable values."""

    @classmethod
    @abstractmethod
    def from_state(cls, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Self:
        """Restores a density from its state.

        Raises:
            ValueError: an array is missing, of the wrong shape, or not finite.
        """

    @abstractmethod
    def _fit(self, z: np.ndarray, seed: int) -> None:
        """Fits to validated codes (n, D)."""

    @abstractmethod
    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws codes (n, D)."""

    @abstractmethod
    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        """The log density (n,) of validated codes (n, D) float64."""

    def _fitted(self) -> int:
        """The width of the codes. Raises DataError before `fit`."""
        if self.dim is None:
            raise DataError(f"the {type(self).__name__} is not fitted yet", remedy="call fit with codes first")
        return self.dim


def check_finite(z: np.ndarray) -> None:
    """Raises DataError, naming the first row, if codes contain NaN or infinite values."""
    for start in range(0, len(z), CHUNK):
        finite = np.isfinite(z[start : start + CHUNK]).all(axis=1)
        if not finite.all():
            row = start + int(np.argmin(finite))
            raise DataError(f"the code in row {row} holds a value that is NaN or infinite", remedy="remove such rows")
