"""Tables of several objectives: signs, common units, scalarization and dominance."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SPREAD = 95
"""Percentile of the starting strings that lies one unit above their median."""
AUGMENTED = 0.05
"""Weight of the sum, added to the minimum, in a scalarization (Knowles 2006, ParEGO)."""


@dataclass(frozen=True)
class Units:
    """The unit of each of m objectives: from the median of the starting strings to their 95th percentile.

    Attributes:
        names: names of the objectives.
        signs: 1 if higher is better, -1 if lower is, (m,).
        medians: medians of the signed scores, (m,).
        spreads: the unit of each objective, positive, (m,).
        worst: signed scores that replace missing ones, (m,).
    """

    names: tuple[str, ...]
    signs: np.ndarray
    medians: np.ndarray
    spreads: np.ndarray
    worst: np.ndarray

    @classmethod
    def of(cls, names: tuple[str, ...], signs: np.ndarray, scores: np.ndarray) -> "Units":
        """The units by the scores of the starting strings, (n, m), NaN if invalid; each objective has at least one."""
        signed = scores * signs
        medians = np.nanmedian(signed, axis=0)
        spreads = np.nanpercentile(signed, SPREAD, axis=0) - medians
        return cls(names, signs, medians, np.where(spreads > 0, spreads, 1.0), np.nanmin(signed, axis=0))

    def row(self, scores: Mapping[str, float | None]) -> np.ndarray:
        """The signed scores of one string, (m,); the worst of the start for missing ones."""
        given = np.array([np.nan if scores[name] is None else scores[name] for name in self.names], np.float64)
        return np.where(np.isfinite(given), given * self.signs, self.worst)

    def joined(self, scores: np.ndarray) -> np.ndarray:
        """The mean of the objectives in their units, (n,), higher is better; NaN if one is missing.

        Args:
            scores: scores as returned by the targets, (n, m).
        """
        return ((scores * self.signs - self.medians) / self.spreads).mean(axis=1)


def scalarized(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Augmented Chebyshev scalarization of signed scores (n, m), (n,), higher is better.

    Each objective is scaled to 0 at its median and 1 at its best, and clipped at -1, so that outliers at the bad end do
    not matter. Source: Knowles, "ParEGO", IEEE Transactions on Evolutionary Computation 10 (2006).

    Args:
        table: signed scores, higher is better.
        weights: weights of the objectives, (m,), positive, with sum 1.
    """
    medians = np.median(table, axis=0)
    units = np.maximum(table.max(axis=0) - medians, 1e-12)
    return chebyshev(np.maximum((table - medians) / units, -1.0), weights)


def chebyshev(scaled: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The scalarization of objectives (..., m) in common units, with 1 as the best of each: (...)."""
    lacking = weights * (1 - scaled)
    return -lacking.max(axis=-1) - AUGMENTED * lacking.sum(axis=-1)


def nondominated(table: np.ndarray) -> np.ndarray:
    """Which rows (n, m), higher is better, are nondominated, (n,) bool; equal rows do not dominate each other."""
    kept = np.ones(len(table), bool)
    for row in np.argsort(-table.sum(axis=1), kind="stable"):
        if kept[row]:
            beaten = (table <= table[row]).all(axis=1) & (table < table[row]).any(axis=1)
            kept &= ~beaten
    return kept


def dominated(row: np.ndarray, table: np.ndarray) -> bool:
    """Whether a row (m,) is dominated by, or equal to, a row of a table (n, m)."""
    return bool((table >= row).all(axis=1).any())
