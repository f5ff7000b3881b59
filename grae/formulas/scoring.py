"""Scores of formulas on data: constants are fitted, and the remaining error is the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from grae.errors import DataError
from grae.formulas.constants import fit
from grae.formulas.operations import OPERATIONS, Operation
from grae.formulas.program import Program, read

LARGEST = 1e150
"""Maximum magnitude of y, so that sums of squares are finite."""
PARALLEL_FROM = 50
"""Formulas per process below which a single process is faster."""


class Scored(NamedTuple):
    """A formula with fitted constants.

    Attributes:
        text: the formula in the grammar's syntax, with `c` for each constant.
        constants: values of the constants, (k,) float64, from left to right.
        error: the mean squared error on the training rows; NaN if the formula is not finite on a row.
    """

    text: str
    constants: np.ndarray
    error: float


@dataclass(frozen=True)
class FormulaScorer:
    """Scores formulas in the columns of a data set.

    Attributes:
        names: names of the p columns.
        columns: the columns, (p, K) float64.
        y: the values to fit, (K,) float64.
        operations: operations by name.
        n_jobs: number of processes, as in joblib.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    y: np.ndarray
    operations: Mapping[str, Operation]
    n_jobs: int = 1

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        rows: np.ndarray,
        y: np.ndarray,
        operations: Mapping[str, Operation] = OPERATIONS,
        n_jobs: int = 1,
    ) -> "FormulaScorer":
        """The scorer for rows (K, p).

        Raises:
            DataError: the squares of y are not finite.
        """
        columns = np.ascontiguousarray(np.asarray(rows, np.float64).T)
        y = np.asarray(y, np.float64)
        largest = np.abs(y).max(initial=0.0)
        if largest > LARGEST:
            raise DataError(
                f"values of up to {largest:g} to explain; their squares are not finite", remedy="scale them"
            )
        return cls(tuple(names), columns, y, operations, n_jobs)

    @cached_property
    def variance(self) -> float:
        """The variance of y, which is the mean squared error of its mean; 1 if y is constant."""
        return float(np.var(self.y)) or 1.0

    def program(self, text: str) -> Program:
        """The program of a formula.

        Raises:
            ParseError: the text is not a formula.
        """
        return read(text, self.names, self.operations)

    def __call__(self, texts: Sequence[str]) -> list[Scored]:
        """The formulas with fitted constants, in order.

        Raises:
            ParseError: a text is not a formula.
        """
        if self.n_jobs == 1 or len(texts) < PARALLEL_FROM:
            return [self._one(text) for text in texts]
        from joblib import Parallel, delayed, effective_n_jobs

        n = min(effective_n_jobs(self.n_jobs), len(texts) // PARALLEL_FROM + 1)
        one = FormulaScorer(self.names, self.columns, self.y, self.operations)
        parts = Parallel(n_jobs=n)(delayed(one)(texts[first::n]) for first in range(n))
        scored: list[Scored] = [Scored("", np.zeros(0), np.nan)] * len(texts)
        for first, part in enumerate(parts):
            assert part is not None
            scored[first::n] = part
        return scored

    def _one(self, text: str) -> Scored:
        return Scored(text, *fit(self.program(text), self.columns, self.y))
