"""Problems of symbolic regression whose formulas and samples are published in the literature.

Nguyen-1 to 12: formulas of Uy et al., "Semantically-based crossover in genetic programming" (Genetic Programming and
Evolvable Machines 12, 2011), with 11 and 12, and all samples (20 points drawn uniformly), as published by Petersen et
al., "Deep symbolic regression" (ICLR 2021). Keijzer: "Improving symbolic regression with interval arithmetic and
linear scaling" (EuroGP 2003), numbered and sampled as in McDermott et al., "Genetic programming needs better
benchmarks" (GECCO 2012). Feynman: formulas and ranges of Udrescu and Tegmark, "AI Feynman" (Science Advances 6, 2020),
by their numbers in the Feynman lectures; of their points, 100 are drawn here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

HELD_OUT = 1000
"""Number of test points drawn if the source specifies none."""


@dataclass(frozen=True)
class Problem:
    """A problem.

    Attributes:
        name: name in the literature.
        formula: the published formula, in terms of the columns' names.
        names: names of the columns.
        function: computes the target values from the columns.
        ranges: lowest and highest value of each column.
        rows: number of training points drawn; None for a grid.
        steps: distances between grid points, for training and for testing; None if points are drawn.
    """

    name: str
    formula: str
    names: tuple[str, ...]
    function: Callable[..., np.ndarray]
    ranges: tuple[tuple[float, float], ...]
    rows: int | None = 20
    steps: tuple[float, float] | None = None

    @property
    def source(self) -> str:
        """Nguyen, Keijzer or Feynman."""
        return self.name.partition("-")[0]

    def sample(self, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Training rows (K, p) and y (K,), then test rows and y.

        Args:
            seed: seed of the drawn points; a grid does not depend on it.
        """
        rng = np.random.default_rng([seed, sum(self.name.encode())])
        lower, upper = np.array(self.ranges).T
        if self.steps is None:
            rows, test = (rng.uniform(lower, upper, (n, len(lower))) for n in (self.rows or 0, HELD_OUT))
        elif self.rows is None:
            rows, test = (_grid(self.ranges, step) for step in self.steps)
        else:
            rows, test = rng.uniform(lower, upper, (self.rows, len(lower))), _grid(self.ranges, self.steps[1])
        return rows, self.function(*rows.T), test, self.function(*test.T)


def _grid(ranges: tuple[tuple[float, float], ...], step: float) -> np.ndarray:
    """The points of a grid, (K, p)."""
    axes = [np.linspace(low, high, round((high - low) / step) + 1) for low, high in ranges]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(ranges))


X, XY = ("x",), ("x", "y")
UNIT = ((-1.0, 1.0),)
SQUARE = ((0.0, 1.0), (0.0, 1.0))
WIDE = ((-3.0, 3.0), (-3.0, 3.0))

PROBLEMS = (
    Problem("Nguyen-1", "x^3 + x^2 + x", X, lambda x: x**3 + x**2 + x, UNIT),
    Problem("Nguyen-2", "x^4 + x^3 + x^2 + x", X, lambda x: x**4 + x**3 + x**2 + x, UNIT),
    Problem("Nguyen-3", "x^5 + x^4 + x^3 + x^2 + x", X, lambda x: x**5 + x**4 + x**3 + x**2 + x, UNIT),
    Problem("Nguyen-4", "x^6 + x^5 + x^4 + x^3 + x^2 + x", X, lambda x: x**6 + x**5 + x**4 + x**3 + x**2 + x, UNIT),
    Problem("Nguyen-5", "sin(x^2)*cos(x) - 1", X, lambda x: np.sin(x**2) * np.cos(x) - 1, UNIT),
    Problem("Nguyen-6", "sin(x) + sin(x + x^2)", X, lambda x: np.sin(x) + np.sin(x + x**2), UNIT),
    Problem("Nguyen-7", "log(x + 1) + log(x^2 + 1)", X, lambda x: np.log(x + 1) + np.log(x**2 + 1), ((0.0, 2.0),)),
    Problem("Nguyen-8", "sqrt(x)", X, np.sqrt, ((0.0, 4.0),)),
    Problem("Nguyen-9", "sin(x) + sin(y^2)", XY, lambda x, y: np.sin(x) + np.sin(y**2), SQUARE),
    Problem("Nguyen-10", "2*sin(x)*cos(y)", XY, lambda x, y: 2 * np.sin(x) * np.cos(y), SQUARE),
    Problem("Nguyen-11", "x^y", XY, np.power, SQUARE),
    Problem("Nguyen-12", "x^4 - x^3 + y^2/2 - y", XY, lambda x, y: x**4 - x**3 + y**2 / 2 - y, SQUARE),
    Problem("Keijzer-7", "log(x)", X, np.log, ((1.0, 100.0),), None, (1.0, 0.1)),
    Problem(
        "Keijzer-9",
        "log(x + sqrt(x^2 + 1))",
        X,
        lambda x: np.log(x + np.sqrt(x**2 + 1)),
        ((0.0, 100.0),),
        None,
        (1.0, 0.1),
    ),
    Problem("Keijzer-14", "8/(2 + x^2 + y^2)", XY, lambda x, y: 8 / (2 + x**2 + y**2), WIDE, 20, (0.01, 0.01)),
    Problem(
        "Keijzer-15", "x^3/5 + y^3/2 - y - x", XY, lambda x, y: x**3 / 5 + y**3 / 2 - y - x, WIDE, 20, (0.01, 0.01)
    ),
    Problem(
        "Feynman-I.6.20a",
        "exp(-theta^2/2)/sqrt(2*pi)",
        ("theta",),
        lambda theta: np.exp(-(theta**2) / 2) / np.sqrt(2 * np.pi),
        ((1.0, 3.0),),
        100,
    ),
    Problem("Feynman-I.12.1", "mu*Nn", ("mu", "Nn"), lambda mu, nn: mu * nn, ((1.0, 5.0),) * 2, 100),
    Problem(
        "Feynman-I.27.6",
        "1/(1/d1 + n/d2)",
        ("d1", "d2", "n"),
        lambda d1, d2, n: 1 / (1 / d1 + n / d2),
        ((1.0, 5.0),) * 3,
        100,
    ),
    Problem(
        "Feynman-II.3.24",
        "Pwr/(4*pi*r^2)",
        ("Pwr", "r"),
        lambda power, r: power / (4 * np.pi * r**2),
        ((1.0, 5.0),) * 2,
        100,
    ),
)
"""The problems, in order."""
