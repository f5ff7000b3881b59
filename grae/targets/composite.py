"""Formulas of targets, such as `0.7*logp + 0.3*qed` or `min(clip(logp, 0, 3) / 3, sigmoid(qed, 0.6, 0.1))`.

Numbers and targets are combined by + - * / and ^ (also **), and by functions:

min(a, b, ...), max(a, b, ...), abs(a)
clip(a, low, high)            a, limited to the range from low to high
step(a, threshold)            1 if a is at least the threshold, else 0
sigmoid(a, center, width)     1 / (1 + exp(-(a - center) / width)): an increasing desirability, decreasing for width < 0
gauss(a, center, width)       exp(-((a - center) / width)^2 / 2): a desirability peaked at the center

The formula is parsed by a grammar (target.cfg); it is never executed as code.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from grae.errors import ParseError, SettingsError, shortened
from grae.targets.expression import FUNCTIONS, Node, check, read_expression
from grae.targets.formulas import NUMBER, grammar_of
from grae.targets.target import Direction, Target

MAY_STAND = f"numbers, + - * / ^ ( ) and {', '.join(FUNCTIONS)} are allowed"
OWNER = "target (--target)"


class CompositeTarget:
    """A formula of targets with the same language and direction; NaN if its value is not finite.

    Args:
        name: the formula as written.
        formula: the parsed formula.
        known: the targets by their names in the formula.

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
                    f"target (--target) {name!r} joins what differs in {what}: {directions}", remedy="give only one"
                )
        first = next(iter(self.parts.values()))
        self.language: str | None = first.language
        self.direction: Direction = first.direction
        self.worst = -np.inf if self.direction == "maximize" else np.inf

    @classmethod
    def read(cls, text: str, known: Mapping[str, Target]) -> "CompositeTarget":
        """Parses a formula.

        Args:
            text: the formula, such as "0.7*logp + 0.3*qed".
            known: the targets that may occur in it, by name.

        Raises:
            ParseError: the text is not a formula; the message has the position and what was expected there.
            SettingsError: the targets cannot be combined, or a constant is out of range.
        """
        grammar = grammar_of("target.cfg", text, target=known)
        try:
            ids = grammar.parse(text)
        except ParseError as error:
            raise _unreadable(error, known) from None
        try:
            formula = read_expression(grammar, iter(ids.tolist()), grammar.start, OWNER)
            check(formula, OWNER)
        except RecursionError:
            raise SettingsError(f"{OWNER}: the formula is nested too deep", remedy="write it flatter") from None
        return cls(" ".join(text.split()), formula, known)

    def __repr__(self) -> str:
        return f"CompositeTarget({self.name!r})"

    @property
    def unbounded(self) -> bool:
        """Whether the formula is unbounded because one of its targets is."""
        grown = [{name: np.array(_far(target, size)) for name, target in self.parts.items()} for size in (1e9, 1e12)]
        with np.errstate(all="ignore"):
            near, far = (float(self.formula.value(scores)) for scores in grown)
        return far > near

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The values of the formula, (n,) float64; NaN if a target has no score, or the value is not finite."""
        scores = {name: target.evaluate(strings) for name, target in self.parts.items()}
        with np.errstate(all="ignore"):
            values = np.broadcast_to(self.formula.value(scores), len(strings))
        return np.where(np.isfinite(values), values, np.nan)


def _far(target: Target, size: float) -> float:
    return size if getattr(target, "unbounded", False) else 0.5


def _unreadable(error: ParseError, known: Mapping[str, Target]) -> ParseError:
    """The error of a formula that cannot be parsed, with the names and symbols allowed in it."""
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
