"""Expressions typeset: MathML, which browsers show without help."""

from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from grae.expressions import BINDING, FUNCTIONS, Token

SIGNS = {np.add: "+", np.subtract: "\N{MINUS SIGN}", np.multiply: "\N{DOT OPERATOR}"}
NAMES = {operation: name for name, operation in FUNCTIONS.items()}
WHOLE = 9  # how closely an atom binds: closer than every operation


class _Part(NamedTuple):
    markup: Markup
    binding: int


def mathml(program: list[Token]) -> Markup:
    """An expression as a `<math>` element, with the parentheses that its meaning needs and fractions for divisions.

    Args:
        program: what `grae.expressions.postfix` gives.
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
    """A part in parentheses where it binds less than what stands around it."""
    return part.markup if part.binding >= binding else _parentheses(part.markup)


def _parentheses(markup: Markup) -> Markup:
    """Parentheses around a part, as high as a fraction in it."""
    if "<mfrac>" in markup:
        return Markup("<mrow><mo>(</mo>{}<mo>)</mo></mrow>").format(markup)
    return _sign("(") + markup + _sign(")")


def _sign(text: str) -> Markup:
    return Markup('<mo stretchy="false">{}</mo>').format(escape(text))
