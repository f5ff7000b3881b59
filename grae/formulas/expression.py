"""Formulas with their constants substituted: simplified, and as text that parses to the same formula."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Union

import numpy as np

from grae.formulas.operations import NEGATIVE, OPERATIONS, SIGNS, Operation
from grae.formulas.program import Constant, Program, Variable

DIGITS = 6
"""Significant digits of numbers in text for readers."""
WHOLE = 1e-7
"""Tolerance for rounding a fitted constant to an integer, relative to its magnitude (at least 1)."""
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, NEGATIVE: 3, "^": 4}
_ATOM = 5


class Node(NamedTuple):
    """An operation on expressions, by name."""

    name: str
    parts: "tuple[Expression, ...]"


Expression = Union[float, str, Node]  # noqa: UP007  (recursive)
"""A number, a variable's name, or an operation."""


def expression(program: Program, constants: Sequence[float] | np.ndarray = (), *, rounded: bool = True) -> Expression:
    """The expression of a program, simplified: no sums with 0, products with 0 or 1, or operations on numbers only.

    Args:
        program: the program, with k constants.
        constants: the values of the constants, (k,).
        rounded: whether constants that are nearly integers are rounded to them, and others to 12 digits.
    """
    operations = {token.name: token for token in program.tokens if isinstance(token, Operation)}
    stack: list[Expression] = []
    for token in program.tokens:
        if isinstance(token, Variable):
            stack.append(token.name)
        elif isinstance(token, Constant):
            value = float(constants[token.number])
            stack.append(_rounded(value) if rounded else value)
        elif isinstance(token, Operation):
            parts = tuple(stack[-token.arity :])
            del stack[-token.arity :]
            stack.append(_applied(token.name, parts, operations))
        else:
            stack.append(token)
    (result,) = stack
    return result


def _rounded(value: float) -> float:
    """A fitted constant without rounding noise."""
    nearest = float(np.rint(value))
    return nearest if abs(value - nearest) <= WHOLE * max(1.0, abs(value)) else float(f"{value:.12g}")


def _applied(name: str, parts: tuple[Expression, ...], operations: Mapping[str, Operation]) -> Expression:
    """An operation, simplified."""
    if all(isinstance(part, float) for part in parts):
        with np.errstate(all="ignore"):
            value = float(operations.get(name, OPERATIONS.get(name)).values(*parts))  # type: ignore[union-attr]
        if np.isfinite(value):
            return value
    match name, parts:
        case ("+", (one, other)):
            return _sum(one, other, operations)
        case ("-", (one, other)):
            return one if other == 0.0 else _sum(one, _negated(other), operations)
        case ("*", (one, other)):
            return _product(one, other)
        case ("/", (one, 1.0)):
            return one
        case ("/", (0.0, _)):
            return 0.0
        case ("/", (Node("*", (float(number), one)), other)):
            return _product(number, Node("/", (one, other)))
        case ("/", (float(number), other)) if number not in (1.0, -1.0):
            return _product(number, Node("/", (1.0, other)))
        case ("neg", (one,)):
            return _negated(one)
        case ("pow" | "^", (one, 1.0)):
            return one
        case ("pow", _):
            return Node("^", parts)
    return Node(name, parts)


def _negated(one: Expression) -> Expression:
    match one:
        case float():
            return -one + 0.0
        case Node("neg", (part,)):
            return part
        case Node("-", (Node("neg", (first,)), second)):
            return Node("+", (first, second))
        case Node("*", (float(number), part)):
            return _product(-number, part)
    return Node(NEGATIVE, (one,))


def _sum(one: Expression, other: Expression, operations: Mapping[str, Operation]) -> Expression:
    if one == 0.0:
        return other
    if other == 0.0:
        return one
    if isinstance(one, float):  # numbers are placed last
        one, other = other, one
    match one, other:
        case (Node("+" | "-", (first, float(number))), float(second)):
            total = (number if one.name == "+" else -number) + second  # type: ignore[union-attr]
            return _sum(first, total, operations)
        case (Node("+" | "-", (first, float(number))), _):
            inner = _sum(first, other, operations)
            return _sum(inner, number if one.name == "+" else -number, operations)  # type: ignore[union-attr]
        case (_, float(number)) if number < 0:
            return Node("-", (one, -number))
        case (_, Node("neg", (part,))):
            return Node("-", (one, part))
        case (_, Node("*", (float(number), part))) if number < 0:
            return Node("-", (one, _product(-number, part)))
    return Node("+", (one, other))


def _product(one: Expression, other: Expression) -> Expression:
    if one == 0.0 or other == 0.0:
        return 0.0
    if isinstance(other, float):
        one, other = other, one
    match one, other:
        case (1.0, _):
            return other
        case (-1.0, _):
            return _negated(other)
        case (float(first), Node("*", (float(second), part))):
            return _product(first * second, part)
        case (float(first), Node("neg", (part,))):
            return _product(-first, part)
        case (float(first), Node("/", (1.0, part))):
            return Node("/", (first, part))
        case (Node("*", (float(number), part)), _):
            return _product(number, _product(part, other))
        case (_, Node("*", (float(number), part))):
            return _product(number, _product(one, part))
        case (_, Node("/", (1.0, part))):
            return Node("/", (one, part))
    (base, power), (same, further) = _power(one), _power(other)
    if base == same:
        return Node("^", (base, power + further)) if power + further not in (0.0, 1.0) else Node("*", (one, other))
    return Node("*", (one, other))


def _power(one: Expression) -> tuple[Expression, float]:
    """A factor as a base and an integer exponent."""
    match one:
        case Node("^", (base, float(exponent))) if exponent.is_integer():
            return base, exponent
    return one, 1.0


def text(formula: Expression, digits: int | None = DIGITS) -> str:
    """A formula as text, with necessary parentheses only.

    Args:
        formula: the expression.
        digits: significant digits of numbers; None for all, so that it parses to the same formula.
    """
    return _written(formula, digits)[0]


def _written(formula: Expression, digits: int | None) -> tuple[str, int]:
    """The text of an expression, and its precedence."""
    if isinstance(formula, str):
        return formula, _ATOM
    if isinstance(formula, float):
        number = _number(abs(formula), digits)
        return (f"-{number}", _BINDING[NEGATIVE]) if formula < 0 else (number, _ATOM)
    assert isinstance(formula, Node)
    name, parts = formula
    if name == NEGATIVE:
        return "-" + _inside(parts[0], _BINDING[NEGATIVE], digits), _BINDING[NEGATIVE]
    if name not in SIGNS:
        return f"{name}({', '.join(_written(part, digits)[0] for part in parts)})", _ATOM
    binding = _BINDING[name]
    left = _inside(parts[0], binding + (name == "^"), digits)
    right = _inside(parts[1], binding + (name in "-/"), digits)
    between = f" {name} " if binding == 1 else name
    return left + between + right, binding


def _inside(part: Expression, binding: int, digits: int | None) -> str:
    written, own = _written(part, digits)
    return written if own >= binding else f"({written})"


def _number(value: float, digits: int | None) -> str:
    if value.is_integer() and value < 1e15:
        return str(int(value))
    return repr(value) if digits is None else f"{value:.{digits}g}"
