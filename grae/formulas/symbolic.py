"""Formulas as sympy expressions, simplified and as LaTeX, if sympy is installed (`pip install grae[formulas]`)."""

from typing import TYPE_CHECKING, Any

from grae.errors import MissingExtraError
from grae.formulas.expression import DIGITS, Expression, Node
from grae.formulas.operations import NEGATIVE

if TYPE_CHECKING:
    import sympy

FUNCTIONS = {"log": "log", "abs": "Abs", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "exp": "exp"}
"""Names of the functions in sympy, except `sqrt` and user-defined ones."""


def to_sympy(formula: Expression, digits: int | None = None) -> "sympy.Expr":
    """A formula as a sympy expression in real symbols.

    Args:
        formula: the expression.
        digits: significant digits of its numbers; None for all.

    Raises:
        MissingExtraError: sympy is not installed.
    """
    return _converted(_sympy(), formula, digits)


def simplified(formula: Expression, digits: int | None = DIGITS) -> "sympy.Expr":
    """A formula after `sympy.simplify`, or unchanged if that is not shorter.

    Raises:
        MissingExtraError: sympy is not installed.
    """
    sympy = _sympy()
    given = to_sympy(formula, digits)
    return min(given, sympy.simplify(given), key=sympy.count_ops)


def latex(formula: Expression, digits: int | None = DIGITS) -> str:
    """A formula as LaTeX, simplified.

    Raises:
        MissingExtraError: sympy is not installed.
    """
    return _sympy().latex(simplified(formula, digits))


def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise MissingExtraError("sympy", "formulas") from None
    return sympy


def _converted(sympy: Any, formula: Expression, digits: int | None) -> Any:
    if isinstance(formula, str):
        return sympy.Symbol(formula, real=True)
    if isinstance(formula, float):
        if formula.is_integer():
            return sympy.Integer(int(formula))
        return sympy.Float(formula if digits is None else float(f"{formula:.{digits}g}"), digits or 17)
    assert isinstance(formula, Node)
    parts = [_converted(sympy, part, digits) for part in formula.parts]
    match formula.name:
        case "+":
            return sympy.Add(*parts)
        case "-":
            return parts[0] - parts[1]
        case "*":
            return sympy.Mul(*parts)
        case "/":
            return parts[0] / parts[1]
        case "^":
            return sympy.Pow(*parts)
        case "sqrt":
            return sympy.sqrt(parts[0])
        case name if name == NEGATIVE:
            return -parts[0]
        case name if name in FUNCTIONS:
            return getattr(sympy, FUNCTIONS[name])(*parts)
        case name:
            return sympy.Function(name)(*parts)
