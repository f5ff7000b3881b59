"""Canonical forms of formulas: equal for sums and products of the same operands in any order.

Constants are free, so that a constant absorbs its sign and adjacent numbers. A formula is redundant if it is equivalent
to one with fewer constants or operands: c*c, c+c, sin(c), c*x + c*x, x^2/x, x - x.
"""

from typing import NamedTuple

import numpy as np

from grae.formulas.operations import NEGATIVE
from grae.formulas.program import Constant, Program, Variable

FREE = "c"


class _Form(NamedTuple):
    """A subexpression.

    Attributes:
        kind: "sum", "product", or "atom".
        parts: the terms of a sum or the factors of a product, each with its multiplicity or exponent, which is negative
            for subtraction or division; for an atom, its key, once.
        number: the numeric factor of a product, the numeric term of a sum, or the value of a numeric atom.
        free: whether that number is a free constant.
        varies: whether the subexpression contains a variable.
    """

    kind: str
    parts: tuple[tuple[str, float], ...]
    number: float
    free: bool
    varies: bool


class Canonical(NamedTuple):
    """The canonical form of a formula.

    Attributes:
        key: equal for formulas with the same form.
        redundant: whether a smaller formula is equivalent.
    """

    key: str
    redundant: bool


def canonical(program: Program) -> Canonical:
    """The canonical form of a formula, in linear time except for sorting."""
    reader = _Reader()
    for token in program.tokens:
        reader.read(token)
    (form,) = reader.stack
    return Canonical(_key(form), reader.redundant)


class _Reader:
    def __init__(self) -> None:
        self.stack: list[_Form] = []
        self.redundant = False

    def read(self, token) -> None:
        """Reads one token in postfix order."""
        if isinstance(token, Variable):
            self.stack.append(_Form("atom", ((token.name, 1.0),), 1.0, False, True))
        elif isinstance(token, Constant):
            self.stack.append(_Form("atom", (), 1.0, True, False))
        elif isinstance(token, float):
            self.stack.append(_Form("atom", (), token, False, False))
        else:
            arguments = self.stack[-token.arity :]
            del self.stack[-token.arity :]
            self.stack.append(self._applied(token.name, arguments))

    def _applied(self, name: str, arguments: list[_Form]) -> _Form:
        if any(one.free for one in arguments) and not any(one.varies for one in arguments):
            self.redundant = True
        if name in "+-":
            return self._sum(arguments[0], arguments[1], -1.0 if name == "-" else 1.0)
        if name in "*/":
            return self._product(arguments[0], arguments[1], -1.0 if name == "/" else 1.0)
        if name == NEGATIVE:
            (one,) = arguments
            return self._product(_Form("atom", (), -1.0, False, False), one, 1.0)
        if name in ("^", "pow"):
            base, exponent = arguments
            if not exponent.parts and not exponent.free and exponent.number.is_integer() and base.varies:
                factors = _as_product(base)
                parts = tuple((key, power * exponent.number) for key, power in factors.parts)
                return _Form("product", parts, _power(factors.number, exponent.number), factors.free, True)
            name = "pow"
        key = f"{name}({','.join(_key(one) for one in arguments)})"
        return _Form("atom", ((key, 1.0),), 1.0, False, any(one.varies for one in arguments))

    def _product(self, left: _Form, right: _Form, power: float) -> _Form:
        first, second = _as_product(left), _as_product(right)
        powers: dict[str, float] = dict(first.parts)
        for key, exponent in second.parts:
            before = powers.get(key, 0.0)
            powers[key] = before + power * exponent
            if before * power * exponent < 0:
                self.redundant = True
        if first.free and second.free:
            self.redundant = True
        for one, other in ((left, right), (right, left)):  # a constant times a sum with a constant in each term
            if one.kind == "sum" and other.free and one.free and all(key.startswith("c*") for key, _ in one.parts):
                self.redundant = True
        number = first.number * _power(second.number, power)
        parts = tuple((key, exponent) for key, exponent in powers.items() if exponent)
        free = first.free or second.free
        return _Form("product", parts, 1.0 if free else number, free, first.varies or second.varies)

    def _sum(self, left: _Form, right: _Form, sign: float) -> _Form:
        first, second = _as_sum(left), _as_sum(right)
        counts: dict[str, float] = dict(first.parts)
        bare = {key.removeprefix("c*"): key.startswith("c*") for key in counts}
        for key, count in second.parts:
            name, free = key.removeprefix("c*"), key.startswith("c*")
            if name in bare and (free or bare[name] or counts.get(key, 0.0) * sign * count < 0):
                self.redundant = True
            counts[key] = counts.get(key, 0.0) + (count if free else sign * count)
        if first.free and second.free:
            self.redundant = True
        free = first.free or second.free
        number = 0.0 if free else first.number + sign * second.number
        parts = tuple((key, count) for key, count in counts.items() if count)
        return _Form("sum", parts, number, free, first.varies or second.varies)


def _power(base: float, exponent: float) -> float:
    """A power as in numpy: infinite on overflow or division by zero."""
    with np.errstate(all="ignore"):
        return float(np.power(base, exponent))


def _as_product(form: _Form) -> _Form:
    """A form as a product of one or more factors."""
    if form.kind != "sum":
        return form._replace(kind="product")
    return _Form("product", ((_key(form), 1.0),), 1.0, False, form.varies)


def _as_sum(form: _Form) -> _Form:
    """A form as a sum of one or more terms; the number and the constant of a sum are additive."""
    if form.kind == "sum":
        return form
    if not form.parts:
        return _Form("sum", (), form.number, form.free, False)
    if form.free:
        return _Form("sum", (("c*" + _factors(form.parts), 1.0),), 0.0, False, form.varies)
    return _Form("sum", ((_factors(form.parts), form.number),), 0.0, False, form.varies)


def _factors(parts: tuple[tuple[str, float], ...]) -> str:
    """The key of a product's factors, sorted."""
    return "*".join(key if power == 1 else f"{key}^{power:g}" for key, power in sorted(parts))


def _key(form: _Form) -> str:
    """The key of a form."""
    if form.kind == "sum":
        terms = [key if count == 1 else f"{count!r}*{key}" for key, count in sorted(form.parts)]
        tail = [FREE] if form.free else [repr(form.number)] if form.number else []
        return f"({'+'.join([*terms, *tail])})"
    if not form.parts:
        return FREE if form.free else repr(form.number)
    head = FREE + "*" if form.free else "" if form.number == 1 else f"{form.number!r}*"
    return head + _factors(form.parts)
