"""Expressions for HTML: as MathML, and as small curves."""

from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from grae.expressions import BINDING, FUNCTIONS, Token

SIGNS = {np.add: "+", np.subtract: "\N{MINUS SIGN}", np.multiply: "\N{DOT OPERATOR}"}
NAMES = {operation: name for name, operation in FUNCTIONS.items()}
CURVE_SIZE = (160, 60)
WHOLE = 9  # binding strength of an atom, above that of every operation


class _Part(NamedTuple):
    markup: Markup
    binding: int


def mathml(program: list[Token]) -> Markup:
    """An expression as a `<math>` element, with only the necessary parentheses, and divisions as fractions.

    Args:
        program: the result of `grae.expressions.postfix`.
    """
    stack: list[_Part] = []
    for token in program:
        if not isinstance(token, np.ufunc):
            stack.append(_atom(token))
            continue
        arguments = stack[-token.nin :]
        del stack[-token.nin :]
        stack.append(_applied(token, arguments))
    (whole,) = stack
    return Markup('<math display="block">{}</math>').format(whole.markup)


def _atom(token: float | str) -> _Part:
    if isinstance(token, str):
        return _Part(Markup("<mi>{}</mi>").format(token), WHOLE)
    return _Part(Markup("<mn>{}</mn>").format(f"{token:g}"), WHOLE)


def _applied(operation: np.ufunc, arguments: list[_Part]) -> _Part:
    if operation is np.divide:
        above, below = (part.markup for part in arguments)
        return _Part(Markup("<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>").format(above, below), BINDING[np.multiply])
    if operation is np.negative:
        return _Part(_sign("\N{MINUS SIGN}") + _inside(arguments[0], BINDING[np.negative]), BINDING[np.negative])
    if operation in NAMES:
        name = Markup("<mi>{}</mi>").format(NAMES[operation])
        return _Part(name + _parentheses(arguments[0].markup), WHOLE)
    binding = BINDING[operation]
    left, right = arguments
    second = _inside(right, binding + (operation is np.subtract))
    return _Part(_inside(left, binding) + _sign(SIGNS[operation]) + second, binding)


def _inside(part: _Part, binding: int) -> Markup:
    """An operand, in parentheses if it binds less tightly than its context."""
    return part.markup if part.binding >= binding else _parentheses(part.markup)


def _parentheses(markup: Markup) -> Markup:
    """An operand in parentheses as tall as a fraction in it."""
    if "<mfrac>" in markup:
        return Markup("<mrow><mo>(</mo>{}<mo>)</mo></mrow>").format(markup)
    return _sign("(") + markup + _sign(")")


def _sign(text: str) -> Markup:
    return Markup('<mo stretchy="false">{}</mo>').format(escape(text))


def curve(x: np.ndarray, y: np.ndarray) -> Markup:
    """A small curve without axes, scaled to the range of its finite values.

    Args:
        x: values of the variable, shape (K,), ascending.
        y: the values there, shape (K,); infinite or NaN where undefined.
    """
    finite = np.isfinite(y)
    if not finite.any():
        return Markup('<span class="invalid">nowhere finite</span>')
    width, height = CURVE_SIZE
    low, high = np.percentile(y[finite], [1, 99])
    span = max(high - low, 1e-9)
    across = (x - x.min()) / (x.max() - x.min()) * width
    down = height - 3 - np.clip((y - low) / span, 0, 1) * (height - 6)
    points = " ".join(
        f"{'M' if place == 0 or not finite[place - 1] else 'L'}{across[place]:.1f},{down[place]:.1f}"
        for place in np.flatnonzero(finite)
    )
    return Markup('<svg class="curve" viewBox="0 0 {} {}"><path d="{}"/></svg>').format(width, height, points)
