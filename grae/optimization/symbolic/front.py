"""The result of a search for formulas: the Pareto front of complexity and error."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae import files
from grae.formulas.expression import DIGITS, Expression, expression, text
from grae.formulas.operations import OPERATIONS, Operation
from grae.formulas.program import Program, read
from grae.formulas.scoring import FormulaScorer, Scored

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("complexity", "mse", "r2", "test_r2", "formula")


@dataclass(frozen=True)
class Equation:
    """A formula of the front, with its constants.

    Attributes:
        skeleton: the formula in the grammar's syntax, with `c` for each constant.
        constants: values of the constants, (k,) float64.
        names: names of the columns.
        complexity: number of productions of its derivation.
        mse: mean squared error on the training rows.
        r2: coefficient of determination on the training rows; for constant data 1 if the error is 0, else 0.
        test_r2: coefficient of determination on the held-out rows; None without any.
        operations: the operations by name.
    """

    skeleton: str
    constants: np.ndarray
    names: tuple[str, ...]
    complexity: int
    mse: float
    r2: float
    test_r2: float | None = None
    operations: Mapping[str, Operation] | None = None

    @cached_property
    def program(self) -> Program:
        """The program of the skeleton."""
        return read(self.skeleton, self.names, self.operations or OPERATIONS)

    @cached_property
    def expression(self) -> Expression:
        """The formula with its constants, simplified."""
        return expression(self.program, self.constants)

    @property
    def formula(self) -> str:
        """The simplified formula, numbers with 12 digits; it can be parsed as a formula."""
        return text(self.expression, None)

    def __str__(self) -> str:
        return text(self.expression, DIGITS)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The values on rows (K, p), (K,) float64; NaN or infinite where the formula is undefined."""
        return self.program.values(np.asarray(rows, np.float64).T, self.constants)

    def sympy(self) -> Any:
        """The formula simplified by sympy. Raises MissingExtraError: sympy is not installed."""
        from grae.formulas.symbolic import simplified

        return simplified(self.expression)

    def latex(self) -> str:
        """The formula as LaTeX, simplified by sympy. Raises MissingExtraError: sympy is not installed."""
        from grae.formulas.symbolic import latex

        return latex(self.expression)


def pareto(
    scored: Iterable[tuple[Scored, int]],
    scorer: FormulaScorer,
    test: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[Equation]:
    """The formulas with a lower error than all smaller ones, smallest first.

    Args:
        scored: formulas with their constants, and their complexity.
        scorer: scorer of the data.
        test: held-out rows (K, p) and y (K,).
    """
    front: list[Equation] = []
    least = np.inf
    for one, complexity in sorted(scored, key=lambda pair: (pair[1], _last(pair[0].error))):
        if one.error < least:
            least = one.error
            front.append(_equation(one, complexity, scorer, test))
    return front


def _last(error: float) -> float:
    return error if np.isfinite(error) else np.inf


def _equation(
    one: Scored, complexity: int, scorer: FormulaScorer, test: tuple[np.ndarray, np.ndarray] | None
) -> Equation:
    r2 = _r2(one.error, float(np.var(scorer.y)))
    equation = Equation(one.text, one.constants, scorer.names, complexity, one.error, r2, None, scorer.operations)
    if test is None:
        return equation
    rows, y = test
    with np.errstate(all="ignore"):
        error = float(np.square(equation.predict(rows) - y).mean())
    held_out = _r2(error, float(np.var(y))) if np.isfinite(error) else -np.inf
    return Equation(one.text, one.constants, scorer.names, complexity, one.error, r2, held_out, scorer.operations)


def _r2(error: float, variance: float) -> float:
    return 1.0 - error / variance if variance > 0 else float(error == 0)


EXACT = 1e-14
"""Mean squared error, as a fraction of the variance, that counts as no error."""


def chosen(front: Sequence[Equation], scorer: FormulaScorer) -> Equation:
    """The formula used for prediction: the one with the lowest Bayesian information criterion.

    The criterion is K ln(mse) + complexity ln(K) on K rows (Schwarz 1978), with productions as parameters. An error
    below `EXACT` of the variance counts as `EXACT`.
    """
    n = len(scorer.y)
    least = EXACT * scorer.variance
    return min(front, key=lambda one: n * np.log(max(one.mse, least)) + one.complexity * np.log(n))


def frame(front: Sequence[Equation]) -> "pd.DataFrame":
    """The front as a table: complexity, mse, r2, test_r2 (None without held-out rows), formula, equation."""
    import pandas as pd

    rows = [[one.complexity, one.mse, one.r2, one.test_r2, str(one), one] for one in front]
    return pd.DataFrame(rows, columns=[*COLUMNS, "equation"])


def write_front(folder: Path, front: Sequence[Equation]) -> Path:
    """Writes the front to equations.csv, numbers with 12 digits, with a LaTeX column if sympy is installed."""
    from importlib.util import find_spec

    with_latex = find_spec("sympy") is not None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *(["latex"] if with_latex else [])])
    for one in front:
        cells = [one.complexity, one.mse, one.r2, one.test_r2, one.formula]
        writer.writerow([*cells, *([one.latex()] if with_latex else [])])
    place = folder / "equations.csv"
    files.write_text(place, out.getvalue())
    return place
