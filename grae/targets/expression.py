"""Expressions of named quantities: sums, products, powers and functions, read from derivations, evaluated on arrays.

Their grammar is in target.cfg, shared by formulas of targets and conditions.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from grae.errors import SettingsError, shortened
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal

FUNCTIONS = ("min", "max", "abs", "clip", "step", "sigmoid", "gauss")
NEGATIVE = "-()"
"""The unary minus, as distinct from the binary one."""
CONSTANTS = {"clip": 2, "step": 1, "sigmoid": 2, "gauss": 2}
"""Number of trailing arguments of each function that must be constant."""


class Node(NamedTuple):
    """A node of a formula: a number, a target, or an operation.

    Attributes:
        what: the number, or the name of the target or operation.
        parts: the operands.
    """

    what: float | str
    parts: tuple["Node", ...] = ()

    def __str__(self) -> str:
        """The formula as text."""
        if not self.parts:
            return self.what if isinstance(self.what, str) else f"{self.what:g}"
        if self.what == NEGATIVE:
            return f"-{self._inner(0)}"
        if self.what in ("+", "-", "*", "/", "^"):
            return f"{self._inner(0)} {self.what} {self._inner(1)}"
        return f"{self.what}({', '.join(map(str, self.parts))})"

    def _inner(self, place: int) -> str:
        """An operand as text, in parentheses if it contains operators."""
        part = self.parts[place]
        return str(part) if not part.parts or part.what in FUNCTIONS else f"({part})"

    def targets(self) -> Iterator[str]:
        """The names of the targets in the formula, in order of occurrence."""
        if isinstance(self.what, str) and not self.parts:
            yield self.what
        for part in self.parts:
            yield from part.targets()

    def value(self, scores: Mapping[str, np.ndarray]) -> np.ndarray:
        """The values, (n,) float64, given the scores of its targets, (n,) each; a scalar, (), without targets."""
        if not isinstance(self.what, str):
            return np.array(self.what, np.float64)
        if not self.parts:
            return scores[self.what]
        return OPERATIONS[self.what](*(part.value(scores) for part in self.parts))

    def constant(self) -> float | None:
        """The value of the formula if it contains no target, else None."""
        return None if any(self.targets()) else float(self.value({}))


def _clip(a: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(a, low), high)


def _step(a: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(a), np.nan, (a >= threshold).astype(np.float64))


def _sigmoid(a: np.ndarray, center: np.ndarray, width: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh((a - center) / width / 2))  # the logistic function, without overflow


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


def read_expression(grammar: Grammar, ids: Iterator[int], symbol: Nonterminal, owner: str) -> Node:
    """The expression that a nonterminal derives; consumes its productions.

    Args:
        grammar: a grammar that contains the productions of target.cfg.
        ids: productions of a leftmost derivation.
        symbol: the nonterminal, such as `sum`.
        owner: name of the text in messages, such as "target (--target)".

    Raises:
        SettingsError: a number is too large.
    """
    production = grammar.productions[next(ids)]
    words = [word for word in production.rhs if isinstance(word, str)]
    if symbol.name == "target":
        return Node(words[0])
    if symbol.name == "number":
        value = float(words[0])
        if not math.isfinite(value):
            raise SettingsError(f"{owner}: {shortened(words[0])} is too large a number", remedy="write a smaller one")
        return Node(value)
    parts = tuple(read_expression(grammar, ids, child, owner) for child in production.children)
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


def check(node: Node, owner: str) -> None:
    """Checks the constants of an expression.

    Args:
        node: the expression.
        owner: name of the text in messages.

    Raises:
        SettingsError: a constant is not a number, or out of range.
    """
    for part in node.parts:
        check(part, owner)
    if not node.parts:
        return
    operation = str(node.what)
    with np.errstate(all="ignore"):
        constants = [part.constant() for part in node.parts]
    given = constants[len(constants) - CONSTANTS.get(operation, 0) :]
    if None in given:
        raise SettingsError(f"{owner}: a target stands where {operation} takes a number", remedy=_usage(operation))
    if operation == "/" and constants[1] == 0:
        raise SettingsError(f"{owner}: a target is divided by 0", remedy="give another divisor")
    if operation in ("sigmoid", "gauss") and constants[2] == 0:
        raise SettingsError(f"{owner}: {operation} of width 0", remedy="give another width, or take step")
    if operation == "clip" and not constants[1] < constants[2]:  # pyright: ignore[reportOperatorIssue]
        raise SettingsError(f"{owner}: clip from {constants[1]:g} to {constants[2]:g}", remedy=_usage("clip"))
    if all(constant is not None for constant in constants):
        with np.errstate(all="ignore"):
            value = node.constant()
        if value is None or not math.isfinite(value):
            raise SettingsError(f"{owner}: a part without targets has no finite value", remedy="check its numbers")


def _usage(operation: str) -> str:
    return {
        "clip": "clip(a, low, high), such as clip(logp, 0, 3)",
        "step": "step(a, threshold), such as step(qed, 0.6)",
        "sigmoid": "sigmoid(a, center, width), such as sigmoid(qed, 0.6, 0.1)",
        "gauss": "gauss(a, center, width), such as gauss(logp, 2.5, 1)",
    }[operation]
