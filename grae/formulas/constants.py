"""Constants fitted by least squares: damped Gauss-Newton (Levenberg 1944; Marquardt 1963) from several starts at once.

Constants in which a formula is affine are first solved for exactly at each start (the separable least squares of Golub
and Pereyra 1973), so that a formula that is affine in all constants takes one step from one start.
"""

from typing import NamedTuple

import numpy as np

from grae.formulas.program import Evaluation, Program

STARTS = 4
"""Number of starts if a constant enters a formula nonlinearly."""
STEPS = 30
"""Maximum number of steps."""
FIRST_STEPS = 5
"""Number of steps after which only the best `KEPT` starts continue."""
KEPT = 1
CLOSE = 1e-9
"""Relative improvement of the squared error below which a start has converged."""
EXACT = 1e-26
"""Squared error, as a fraction of that of the zero function, that counts as rounding error."""
LARGEST_STEP = 10.0
"""Maximum change of a constant in a step, relative to its magnitude (at least 1)."""
MOST_DAMPING = 1e8


class Fitted(NamedTuple):
    """A formula's fitted constants.

    Attributes:
        constants: (k,) float64.
        error: the mean squared error; NaN if the formula is not finite on a row.
    """

    constants: np.ndarray
    error: float


def fit(program: Program, columns: np.ndarray, y: np.ndarray, *, starts: int = STARTS, steps: int = STEPS) -> Fitted:
    """Fits the constants of a formula. Deterministic: the starts are always the same.

    Args:
        program: the formula, with k constants.
        columns: columns of the data, (p, K) float64.
        y: the values to fit, (K,) float64.
        starts: number of starts if a constant enters nonlinearly.
        steps: maximum number of steps.
    """
    n = program.n_constants
    if n == 0:
        with np.errstate(all="ignore"):
            error = float(np.square(program.values(columns) - y).mean())
        return Fitted(np.zeros(0), error if np.isfinite(error) else np.nan)
    affine = len(program.linear) == n
    search = _Search(program, columns, y, start_values(n, 1 if affine else starts))
    if program.linear:
        search.solve_linear()
    if not affine:
        search.run(min(FIRST_STEPS, steps))
        search.keep_best(KEPT)
        search.run(steps - FIRST_STEPS)
    return search.best()


def start_values(n: int, starts: int) -> np.ndarray:
    """The initial constants, (S, n) float64: all 1, all -1, then various magnitudes with both signs."""
    rng = np.random.default_rng(n)
    sizes = np.exp(rng.uniform(np.log(0.1), np.log(10.0), (max(starts - 2, 0), n)))
    signs = np.where(rng.random(sizes.shape) < 0.7, 1.0, -1.0)
    return np.concatenate([np.ones((1, n)), -np.ones((1, n)), sizes * signs])[:starts]


class _Search:
    """The state of all starts: constants (S, k), residuals and derivatives, mean squared errors (S,), damping (S,)."""

    def __init__(self, program: Program, columns: np.ndarray, y: np.ndarray, constants: np.ndarray) -> None:
        self.program, self.y = program, y
        self.evaluation = Evaluation(program, columns)
        self.scale = float(np.square(y).mean()) or 1.0
        self.constants = constants
        self.damping = np.full(len(constants), 1e-2)
        self.active = np.ones(len(constants), bool)
        self.residuals, self.derivatives, self.errors = self._at(constants)

    def _at(self, constants: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values, derivatives = self.evaluation.jacobian(constants)
        with np.errstate(all="ignore"):
            residuals = values - self.y
            errors = np.einsum("sk,sk->s", residuals, residuals) / len(self.y)
        return residuals, derivatives, np.where(np.isfinite(errors), errors, np.inf)

    @np.errstate(all="ignore")
    def solve_linear(self) -> None:
        """Sets the constants in which the formula is affine to the least squares solution given the others."""
        places = np.array(self.program.linear)
        constants = self.constants.copy()
        sloped = np.isfinite(self.derivatives[:, places]).all(axis=(1, 2)) & np.isfinite(self.residuals).all(axis=1)
        for start in np.flatnonzero(sloped).tolist():
            slopes = self.derivatives[start, places]
            sizes = np.linalg.norm(slopes, axis=1)
            sizes[sizes == 0] = 1.0
            step = np.linalg.lstsq((slopes / sizes[:, None]).T, -self.residuals[start], rcond=1e-12)[0] / sizes
            constants[start, places] += step
        self._take(constants, np.arange(len(constants)))

    def _take(self, constants: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Accepts new constants (rows, k) where they are better; returns which were accepted, (rows,) bool."""
        residuals, derivatives, errors = self._at(constants)
        better = errors < self.errors[rows]
        taken = rows[better]
        self.constants[taken], self.errors[taken] = constants[better], errors[better]
        self.residuals[taken], self.derivatives[taken] = residuals[better], derivatives[better]
        return better

    def keep_best(self, n: int) -> None:
        """Stops all starts except the n best."""
        self.active[np.argsort(self.errors, kind="stable")[n:]] = False

    @np.errstate(all="ignore")
    def run(self, steps: int) -> None:
        """Damped Gauss-Newton steps of all active starts, until they converge."""
        for _ in range(steps):
            self.active &= np.isfinite(self.errors) & (self.errors > EXACT * self.scale)
            self.active &= self.damping < MOST_DAMPING
            rows = np.flatnonzero(self.active)
            if not len(rows):
                return
            slopes = self.derivatives[rows]
            gradient = np.einsum("skn,sn->sk", slopes, self.residuals[rows])
            curvature = slopes @ slopes.swapaxes(1, 2)
            finite = np.isfinite(curvature).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
            if not finite.all():
                self.active[rows[~finite]] = False
                rows, gradient, curvature = rows[finite], gradient[finite], curvature[finite]
                if not len(rows):
                    return
            diagonal = np.arange(curvature.shape[1])
            own = curvature[:, diagonal, diagonal]
            floor = 1e-14 * own.max(axis=1, keepdims=True) + 1e-300
            curvature[:, diagonal, diagonal] = own * (1 + self.damping[rows, None]) + floor
            step = -np.linalg.solve(curvature, gradient[..., None])[..., 0]
            most = LARGEST_STEP * np.maximum(np.abs(self.constants[rows]), 1.0)
            before = self.errors[rows]
            better = self._take(self.constants[rows] + np.clip(step, -most, most), rows)
            self.damping[rows] *= np.where(better, 0.1, 10.0)
            self.active[rows[better & (before - self.errors[rows] <= CLOSE * before)]] = False

    def best(self) -> Fitted:
        """The best of all starts."""
        best = int(np.argmin(self.errors))
        error = float(self.errors[best])
        if not np.isfinite(error) or not np.isfinite(self.constants[best]).all():
            return Fitted(np.ones(len(self.constants[best])), np.nan)
        return Fitted(self.constants[best].copy(), error)
