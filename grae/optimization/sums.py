"""Weighted sums of targets, such as `0.7*logp + 0.3*qed`."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal
from grae.optimization.formulas import grammar_of
from grae.optimization.targets import Direction, Target

Weights = dict[str, float]


class SumTarget:
    """The weighted sum of targets of one language and one direction, which are its own; NaN where a part is.

    Args:
        name: the sum as it was written.
        parts: pairs of a weight and a target.

    Raises:
        SettingsError: the parts differ in language or direction.
    """

    own = False

    def __init__(self, name: str, parts: Sequence[tuple[float, Target]]) -> None:
        self.name = name
        self.parts = tuple(parts)
        for what in ("language", "direction"):
            held = {str(getattr(target, what)): target.name for _, target in self.parts}
            if len(held) > 1:
                found = ", ".join(f"{name} ({value})" for value, name in held.items())
                raise SettingsError(f"target {name!r} adds what differs in {what}: {found}", remedy="leave one out")
        self.language: str | None = self.parts[0][1].language
        self.direction: Direction = self.parts[0][1].direction
        bounded = [weight * target.worst for weight, target in self.parts if weight > 0]
        unbounded = -np.inf if self.direction == "maximize" else np.inf
        self.worst = float(sum(bounded)) if len(bounded) == len(self.parts) else unbounded

    @classmethod
    def read(cls, text: str, known: Mapping[str, Target]) -> "SumTarget":
        """The sum that a text writes.

        Args:
            text: such as "0.7*logp + 0.3*qed".
            known: the targets by the names that may occur in it.

        Raises:
            ParseError: with the position, and what was expected there.
            SettingsError: the parts do not add.
        """
        grammar = grammar_of("sum.cfg", text, target=known)
        weights = _weights(grammar, iter(grammar.parse(text).tolist()), grammar.start)
        return cls(" ".join(text.split()), [(weight, known[name]) for name, weight in weights.items()])

    def __repr__(self) -> str:
        return f"SumTarget({self.name!r})"

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The weighted sums, (n,) float64; NaN where a part is NaN."""
        return sum((weight * target.evaluate(strings) for weight, target in self.parts), np.zeros(len(strings)))


def _weights(grammar: Grammar, ids: Iterator[int], symbol: Nonterminal) -> Weights:
    """The weight of each target in what a nonterminal derives; takes its productions off the derivation."""
    production = grammar.productions[next(ids)]
    if symbol.name == "target":
        return {str(production.rhs[0]): 1.0}
    if symbol.name == "number":
        return {"": float(str(production.rhs[0]))}
    values = [_weights(grammar, ids, child) for child in production.children]
    signs = [sign for sign in production.rhs if isinstance(sign, str)]
    if symbol.name == "sum":
        last = _times(values[-1], -1.0 if "-" in signs else 1.0)
        return last if len(values) == 1 else _plus(values[0], last)
    if len(values) == 1:
        return values[0]
    factor = next(value[""] for value in values if "" in value)
    if "/" in signs and factor == 0:
        raise SettingsError("a target is divided by 0", remedy="give another divisor")
    return _times(next(value for value in values if "" not in value), 1 / factor if "/" in signs else factor)


def _times(weights: Weights, factor: float) -> Weights:
    return {name: weight * factor for name, weight in weights.items()}


def _plus(one: Weights, other: Weights) -> Weights:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in (one | other)}
