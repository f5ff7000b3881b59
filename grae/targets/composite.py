"""Formulas of targets, such as `0.7*logp + 0.3*qed` or `min(clip(logp, 0, 3) / 3, sigmoid(qed, 0.6, 0.1))`.

Numbers and targets are joined by + - * / and ^ (also **), and by functions:

min(a, b, ...), max(a, b, ...), abs(a)
clip(a, low, high)            a where it lies between, else the nearer of the two
step(a, threshold)            1 where a is at least the threshold, else 0
sigmoid(a, center, width)     1 / (1 + exp(-(a - center) / width)): a desirability that rises, or falls for width < 0
gauss(a, center, width)       exp(-((a - center) / width)^2 / 2): a desirability of values around a center

A grammar reads the formula (target.cfg); nothing of it is ever run as code.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from grae.errors import ParseError, SettingsError, shortened
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal
from grae.targets.formulas import NUMBER, grammar_of
from grae.targets.target import Direction, Target

FUNCTIONS = ("min", "max", "abs", "clip", "step", "sigmoid", "gauss")
MAY_STAND = f"numbers, + - * / ^ ( ) and {', '.join(FUNCTIONS)} may stand there"
NEGATIVE = "-()"
"""The operation of a sign, beside those that stand between two values."""
CONSTANTS = {"clip": 2, "step": 1, "sigmoid": 2, "gauss": 2}
"""How many of the last arguments of a function are numbers, or formulas of numbers alone."""


class Node(NamedTuple):
    """A part of a formula: a number, a target, or an operation on other parts.

    Attributes:
        what: the number, the target's name, or the operation's.
        parts: what an operation is applied to.
    """

    what: float | str
    parts: tuple["Node", ...] = ()

    def targets(self) -> Iterator[str]:
        """The names of the targets in it, as they occur."""
        if isinstance(self.what, str) and not self.parts:
            yield self.what
        for part in self.parts:
            yield from part.targets()

    def value(self, scores: Mapping[str, np.ndarray]) -> np.ndarray:
        """The values, (n,) float64, from the scores of its targets, (n,) each; of numbers alone a single one, ()."""
        if not isinstance(self.what, str):
            return np.array(self.what, np.float64)
        if not self.parts:
            return scores[self.what]
        return OPERATIONS[self.what](*(part.value(scores) for part in self.parts))

    def constant(self) -> float | None:
        """Its value where no target is in it."""
        return None if any(self.targets()) else float(self.value({}))


def _clip(a: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(a, low), high)


def _step(a: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(a), np.nan, (a >= threshold).astype(np.float64))


def _sigmoid(a: np.ndarray, center: np.ndarray, width: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh((a - center) / width / 2))  # the same, without overflow


def _gauss(a: np.ndarray, center: np.ndarray, width: np.ndarray) -> np.ndarray:
    return np.exp(-np.square((a - center) / width) / 2)


def _smallest(*values: np.ndarray) -> np.ndarray:
    return np.minimum.reduce(np.broadcast_arrays(*values))


def _largest(*values: np.ndarray) -> np.ndarray:
    return np.maximum.reduce(np.broadcast_arrays(*values))


OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    NEGATIVE: np.negative,
    "min": _smallest,
    "max": _largest,
    "abs": np.abs,
    "clip": _clip,
    "step": _step,
    "sigmoid": _sigmoid,
    "gauss": _gauss,
}


class CompositeTarget:
    """A formula of targets of one language and one direction, which are its own; NaN where it has no finite value.

    Args:
        name: the formula as it was written.
        formula: the formula.
        known: the targets by the names that occur in it.

    Raises:
        SettingsError: the targets differ in language or direction, or there are none.
    """

    own = False

    def __init__(self, name: str, formula: Node, known: Mapping[str, Target]) -> None:
        self.name = name
        self.formula = formula
        self.parts = {part: known[part] for part in dict.fromkeys(formula.targets())}
        if not self.parts:
            raise SettingsError(f"target (--target) {name!r} holds no target", remedy=f"join {', '.join(known)}")
        for what in ("language", "direction"):
            held = {str(getattr(target, what)): target.name for target in self.parts.values()}
            if len(held) > 1:
                directions = ", ".join(f"{name} ({value})" for value, name in held.items())
                raise SettingsError(
                    f"target (--target) {name!r} joins what differs in {what}: {directions}", remedy="leave one out"
                )
        first = next(iter(self.parts.values()))
        self.language: str | None = first.language
        self.direction: Direction = first.direction
        self.worst = -np.inf if self.direction == "maximize" else np.inf

    @classmethod
    def read(cls, text: str, known: Mapping[str, Target]) -> "CompositeTarget":
        """The formula that a text writes.

        Args:
            text: such as "0.7*logp + 0.3*qed".
            known: the targets by the names that may occur in it.

        Raises:
            ParseError: with the position, and what was expected there.
            SettingsError: the parts do not go together, or a constant is out of range.
        """
        grammar = grammar_of("target.cfg", text, target=known)
        try:
            ids = grammar.parse(text)
        except ParseError as error:
            raise _unreadable(error, known) from None
        try:
            formula = _node(grammar, iter(ids.tolist()), grammar.start)
            _check(formula)
        except RecursionError:
            raise SettingsError(f"{_TOLD} the formula is nested too deep", remedy="write it flatter") from None
        return cls(" ".join(text.split()), formula, known)

    def __repr__(self) -> str:
        return f"CompositeTarget({self.name!r})"

    @property
    def unbounded(self) -> bool:
        """Whether it grows without limit as those of its targets do that have no bound."""
        grown = [{name: np.array(_far(target, size)) for name, target in self.parts.items()} for size in (1e9, 1e12)]
        with np.errstate(all="ignore"):
            near, far = (float(self.formula.value(scores)) for scores in grown)
        return far > near

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The values of the formula, (n,) float64; NaN where a target has none, or the formula no finite one."""
        scores = {name: target.evaluate(strings) for name, target in self.parts.items()}
        with np.errstate(all="ignore"):
            values = np.broadcast_to(self.formula.value(scores), len(strings))
        return np.where(np.isfinite(values), values, np.nan)


def _far(target: Target, size: float) -> float:
    return size if getattr(target, "unbounded", False) else 0.5


def _unreadable(error: ParseError, known: Mapping[str, Target]) -> ParseError:
    """The error of a formula that cannot be read, which says what may stand there."""
    rest = error.text[error.position :]
    word = rest.split()[0] if rest.split() else ""
    found = f"unexpected {shortened(repr(word))}" if word else "it ends too early"
    expected = {"a number" if NUMBER.fullmatch(terminal) else terminal for terminal in error.expected}
    return ParseError(
        error.text,
        error.position,
        expected,
        reason=f"target (--target) cannot be read: {found}",
        remedy=f"targets ({', '.join(known)}), {MAY_STAND}; your own is module:function or file.py:function",
    )


def _node(grammar: Grammar, ids: Iterator[int], symbol: Nonterminal) -> Node:
    """What a nonterminal derives; takes its productions off the derivation."""
    production = grammar.productions[next(ids)]
    words = [word for word in production.rhs if isinstance(word, str)]
    if symbol.name == "target":
        return Node(words[0])
    if symbol.name == "number":
        value = float(words[0])
        if not math.isfinite(value):
            raise SettingsError(f"{_TOLD} {shortened(words[0])} is too large a number", remedy="write a smaller one")
        return Node(value)
    parts = tuple(_node(grammar, ids, child) for child in production.children)
    operation = next((word for word in words if word not in "(),"), None)
    if symbol.name == "list":
        return Node("list", (*parts[0].parts, parts[1]) if len(parts) == 2 else parts)
    if operation is None:
        return parts[0]
    if operation in ("min", "max"):
        return Node(operation, parts[0].parts)
    if operation == "-" and len(parts) == 1:
        return Node(NEGATIVE, parts)
    return Node("^" if operation == "**" else operation, parts)


def _check(node: Node) -> None:
    """Makes sure that the constants of a formula are such that it has values.

    Raises:
        SettingsError: one is not a number, or out of range.
    """
    for part in node.parts:
        _check(part)
    if not node.parts:
        return
    operation = str(node.what)
    with np.errstate(all="ignore"):
        constants = [part.constant() for part in node.parts]
    given = constants[len(constants) - CONSTANTS.get(operation, 0) :]
    if None in given:
        raise SettingsError(f"{_TOLD} a target stands where {operation} takes a number", remedy=_usage(operation))
    if operation == "/" and constants[1] == 0:
        raise SettingsError(f"{_TOLD} a target is divided by 0", remedy="give another divisor")
    if operation in ("sigmoid", "gauss") and constants[2] == 0:
        raise SettingsError(f"{_TOLD} {operation} of width 0", remedy="give another width, or take step")
    if operation == "clip" and not constants[1] < constants[2]:  # pyright: ignore[reportOperatorIssue]
        raise SettingsError(f"{_TOLD} clip from {constants[1]:g} to {constants[2]:g}", remedy=_usage("clip"))
    if all(constant is not None for constant in constants):
        with np.errstate(all="ignore"):
            value = node.constant()
        if value is None or not math.isfinite(value):
            raise SettingsError(f"{_TOLD} a part without targets has no finite value", remedy="check its numbers")


_TOLD = "target (--target):"


def _usage(operation: str) -> str:
    return {
        "clip": "clip(a, low, high), such as clip(logp, 0, 3)",
        "step": "step(a, threshold), such as step(qed, 0.6)",
        "sigmoid": "sigmoid(a, center, width), such as sigmoid(qed, 0.6, 0.1)",
        "gauss": "gauss(a, center, width), such as gauss(logp, 2.5, 1)",
    }[operation]
