"""The target for expressions: the distance of their curve from a given one.

Source: Kusner, Paige and Hernandez-Lobato, "Grammar Variational Autoencoder" (ICML 2017), and its published code:
log(1 + mean(min((f(x) - y(x))^2, 1000))) for y = 1/3 + x + sin(x*x) at 1000 points on [-10, 10].
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from grae.datasets.readers import Source
from grae.errors import DataError, SettingsError, shortened
from grae.expressions import evaluate, evaluate_many
from grae.expressions import points as published_points
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import encode
from grae.targets.formulas import grammar_of
from grae.targets.target import Direction

FORMULA = "1/3 + x + sin(x*x)"
MOST_SQUARED = 1000.0
WORST = math.log1p(MOST_SQUARED)


class CurveTarget:
    """log(1 + mean squared error, each square at most 1000); lower is better, 0 is exact.

    Args:
        grammar: grammar of the expressions; strings outside its language, or not finite at a point, are invalid.
        x: the points, shape (K,).
        y: the values to fit at the points, shape (K,).
        name: name of the target.
    """

    direction: Direction = "minimize"
    language: str | None = "expressions"
    worst = WORST
    own = False

    def __init__(self, grammar: Grammar, x: np.ndarray, y: np.ndarray, name: str = "log-mse") -> None:
        self.grammar = grammar.plain
        self.x, self.y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        self.name = name

    def __repr__(self) -> str:
        return f"CurveTarget({self.name!r}, {len(self.x)} points)"

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The scores, (n,) float64; NaN for strings outside the language or not finite at a point."""
        scores = np.full(len(strings), np.nan)
        encoded = encode(self.grammar, strings, on_invalid="skip")
        for row, derivation in zip(encoded.rows.tolist(), encoded.derivations, strict=True):
            values = evaluate(self.grammar, derivation, self.x)
            if np.isfinite(values).all():
                scores[row] = self._score(values)
        return scores

    def curves(self, strings: Sequence[str]) -> np.ndarray:
        """The values of expressions at the points, (n, K) float64.

        Raises:
            ParseError: a string is not in the language.
        """
        return evaluate_many(self.grammar, encode(self.grammar, strings).derivations, self.x)

    def _score(self, values: np.ndarray) -> float:
        with np.errstate(over="ignore"):  # overflows are clipped to 1000 as well
            return float(np.log1p(np.minimum(np.square(values - self.y), MOST_SQUARED).mean()))


def curve_target(
    grammar: Grammar | None = None, *, formula: str | None = None, points: str | Path | None = None
) -> CurveTarget:
    """The published target, or one of a given formula or of given points.

    Args:
        grammar: grammar of the expressions; the built-in one by default.
        formula: a formula in x, evaluated at the published points.
        points: a file of two columns, x and y.

    Raises:
        SettingsError: both a formula and points, or a formula that is not finite at a point.
        ParseError: the formula cannot be parsed.
        DataError: the points cannot be read.
    """
    grammar = load_grammar("arithmetic") if grammar is None else grammar
    if points is not None:
        if formula is not None:
            raise SettingsError("a formula and points at once", remedy="give only one of them")
        return CurveTarget(grammar, *read_points(Path(points)), name=f"log-mse of {Path(points).name}")
    x = published_points()
    y = formula_values(formula or FORMULA, x)
    if not np.isfinite(y).all():
        where = x[np.argmin(np.isfinite(y))]
        raise SettingsError(f"formula {formula!r} is not finite at x = {where:.4g}", remedy="give points of your own")
    return CurveTarget(grammar, x, y, name="log-mse" if formula is None else f"log-mse of {formula}")


def formula_values(formula: str, x: np.ndarray) -> np.ndarray:
    """The values of a formula in x at points (K,): numbers, + - * /, parentheses and the functions of expressions.

    Raises:
        ParseError: the formula cannot be parsed.
    """
    grammar = grammar_of("formula.cfg", formula)
    return evaluate(grammar, grammar.parse(formula), x)


def read_points(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The points of a file, x and y, (K,) float64 each: two numbers per line, separated by a comma or white space.

    The first line may be a header.

    Raises:
        DataError: the file does not exist, contains no points, or has an invalid line.
    """
    points: list[tuple[float, float]] = []
    with Source(path, format="text", name=f"points {path}").open() as lines:
        for line in lines:
            cells = next(csv.reader([line.text]), []) if "," in line.text else line.text.split()
            try:
                values = tuple(float(cell) for cell in cells)
            except ValueError:
                values = None if line.number > 1 else ()
            if values == ():
                continue
            if values is None or len(values) != 2 or not np.isfinite(values).all():
                shown = shortened(repr(line.text))
                raise DataError(f"points {path}, line {line.number}: {shown}; expected two finite numbers, x and y")
            points.append((values[0], values[1]))
    if not points:
        raise DataError(f"points {path}: there are none", remedy="give two numbers a line, x and y")
    x, y = np.array(points).T
    return x, y
