"""Monotone rational-quadratic splines in many dimensions at once, with linear tails, their inverse and derivative.

Source: Gregory and Delbourgo, IMA Journal of Numerical Analysis 2, 1982; in flows, Durkan et al. 2019, equations 4-8.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

STEEPEST = 50.0  # maximum slope at a knot; the minimum is its inverse


@dataclass(frozen=True, slots=True, eq=False)
class Splines:
    """One increasing spline for each of D dimensions, with K knots each.

    Attributes:
        x: (D, K) float64, increasing along the last axis.
        y: (D, K) float64, increasing along the last axis.
        slopes: (D, K) float64, positive: derivatives at the knots; beyond the outer knots, the splines are linear.
    """

    x: np.ndarray
    y: np.ndarray
    slopes: np.ndarray

    @classmethod
    def through(cls, x: np.ndarray, y: np.ndarray) -> Self:
        """Splines through knots (D, K) each; slopes are weighted harmonic means of those of the adjacent secants."""
        widths, heights = np.diff(x, axis=1), np.diff(y, axis=1)
        secants = heights / widths
        left, right = widths[:, :-1], widths[:, 1:]
        inner = (left + right) / (left / secants[:, 1:] + right / secants[:, :-1])
        slopes = np.concatenate([secants[:, :1], inner, secants[:, -1:]], axis=1)
        return cls(x, y, np.clip(slopes, 1 / STEEPEST, STEEPEST))

    def forward(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The values of the splines at (n, D) numbers, and the logarithms of their derivatives, (n, D) each."""
        inside, columns, place = self._places(self.x, values)
        low, width = self.x[columns, place], self.x[columns, place + 1] - self.x[columns, place]
        bottom, height, secant, first, last = self._bins(columns, place, width)
        t = np.clip((values - low) / width, 0.0, 1.0)
        s = t * (1 - t)
        scale = secant + (first + last - 2 * secant) * s
        y = bottom + height * (secant * t**2 + first * s) / scale
        slope = secant**2 * (last * t**2 + 2 * secant * s + first * (1 - t) ** 2) / scale**2
        edge, edge_y, edge_slope = self._tails(self.x, values)
        outside = edge_y + edge_slope * (values - edge)
        return np.where(inside, y, outside), np.log(np.where(inside, slope, edge_slope))

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """The numbers (n, D) at which the splines have the values (n, D)."""
        inside, columns, place = self._places(self.y, values)
        low, width = self.x[columns, place], self.x[columns, place + 1] - self.x[columns, place]
        bottom, height, secant, first, last = self._bins(columns, place, width)
        rise = np.clip(values - bottom, 0.0, height)
        bend = rise * (first + last - 2 * secant)
        a, b, c = height * (secant - first) + bend, height * first - bend, -secant * rise
        t = 2 * c / (-b - np.sqrt(np.maximum(b**2 - 4 * a * c, 0.0)))
        edge, edge_y, edge_slope = self._tails(self.y, values)
        return np.where(inside, low + width * t, edge + (values - edge_y) / edge_slope)

    def _places(self, knots: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Whether each value lies between the outer knots; its dimension; and its bin, (n, D) each."""
        inside = (values > knots[:, 0]) & (values < knots[:, -1])
        place = np.empty(values.shape, np.int64)
        for column, edges in enumerate(knots):
            place[:, column] = np.searchsorted(edges, values[:, column], side="right") - 1
        columns = np.broadcast_to(np.arange(len(knots)), values.shape)
        return inside, columns, np.clip(place, 0, knots.shape[1] - 2)

    def _bins(self, columns: np.ndarray, place: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, ...]:
        """The lower value, height, secant, and slopes at both ends of bins, (n, D) each."""
        bottom = self.y[columns, place]
        height = self.y[columns, place + 1] - bottom
        return bottom, height, height / width, self.slopes[columns, place], self.slopes[columns, place + 1]

    def _tails(self, knots: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The outer knot next to each value, and the value and slope there, (n, D) each."""
        low = values <= knots[:, 0]
        return (
            np.where(low, self.x[:, 0], self.x[:, -1]),
            np.where(low, self.y[:, 0], self.y[:, -1]),
            np.where(low, self.slopes[:, 0], self.slopes[:, -1]),
        )
