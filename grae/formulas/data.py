"""Data for formulas: numeric columns, one of which is the dependent variable."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grae.errors import DataError
from grae.formulas.operations import CONSTANT, OPERATIONS


@dataclass(frozen=True)
class Data:
    """Observations.

    Attributes:
        names: names of the p independent variables in formulas: identifiers.
        rows: the independent variables, (K, p) float64, finite.
        y: the dependent variable, (K,) float64, finite.
        y_name: name of its column.
        headings: headings of the p columns in the table.
    """

    names: tuple[str, ...]
    rows: np.ndarray
    y: np.ndarray
    y_name: str
    headings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)

    def split(self, share: float, seed: int) -> "tuple[Data, Data | None]":
        """A random split into training observations and a held-out fraction; None for a fraction of 0.

        Raises:
            DataError: a part would have fewer than two observations.
        """
        if share == 0:
            return self, None
        n = round(share * len(self))
        if n < 2 or len(self) - n < 2:
            raise DataError(
                f"a share of {share:g} of {len(self)} rows leaves {n} held out, {len(self) - n} to fit",
                remedy="hold out another share (--test), or give more rows",
            )
        order = np.random.default_rng(seed).permutation(len(self))
        test, train = np.sort(order[:n]), np.sort(order[n:])
        return self._of(train), self._of(test)

    def _of(self, rows: np.ndarray) -> "Data":
        return Data(self.names, self.rows[rows], self.y[rows], self.y_name, self.headings)


def identifiers(headings: Sequence[str]) -> tuple[str, ...]:
    """Column names as identifiers for formulas: letters, digits and _, distinct, not a function or the constant."""
    names: list[str] = []
    for heading in headings:
        name = re.sub(r"\W+", "_", heading.strip()).strip("_") or "x"
        if name[0].isdigit():
            name = f"x{name}"
        while name in names or name == CONSTANT or name in OPERATIONS:
            name += "_"
        names.append(name)
    return tuple(names)


def columns_of(rows: Any) -> tuple[str, ...] | None:
    """The column names of a pandas DataFrame as identifiers for formulas; None for arrays and non-text names."""
    headings = getattr(rows, "columns", None)
    if headings is None or not all(isinstance(heading, str) for heading in headings):
        return None
    return identifiers(list(headings))
