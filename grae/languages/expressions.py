"""Arithmetic expressions in x; valid is one with finite values everywhere on [-10, 10]."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grae.errors import ParseError
from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.grammar.language import Language

if TYPE_CHECKING:
    import numpy as np

CURVE_POINTS = 161
PLACES, RANGE = 64, 10.0  # where values are compared, away from those that the published target looks at


class Expressions(Language):
    """See the head of this module."""

    def holds(self, grammar: Grammar, derivations: Derivations, texts: Sequence[str]) -> "np.ndarray":
        """Which expressions are finite everywhere, (n,) bool."""
        from grae.expressions import are_finite

        return are_finite(grammar, derivations)

    def identities(self, grammar: Grammar, texts: Sequence[str]) -> list[str | None]:
        """The values of each valid expression at some places, to nine digits; its text where some are not finite."""
        import numpy as np

        from grae.expressions import evaluate_many

        places = np.random.default_rng(0).uniform(-RANGE, RANGE, PLACES)
        identities = self.canonical(grammar, texts)
        for row, text in enumerate(identities):
            if text is None:
                continue
            values = evaluate_many(grammar, [grammar.parse(text)], places)[0]
            if np.isfinite(values).all():
                identities[row] = " ".join(f"{value + 0.0:.9g}" for value in values)
        return identities

    def picture(self, grammar: Grammar, text: str, marked: Sequence[bool] = ()) -> str | None:
        """The expression typeset, over its curve; as text where characters are marked or it is not in the language."""
        from grae.expressions import evaluate, points, postfix
        from grae.typesetting import curve, mathml

        if any(marked):
            return None
        try:
            ids = grammar.parse(text)
        except ParseError:
            return None
        x = points()[:: len(points()) // CURVE_POINTS + 1]
        return mathml(postfix(grammar, ids)) + curve(x, evaluate(grammar, ids, x))

    def caption(self, text: str) -> str:
        """The string itself."""
        return text


LANGUAGE = Expressions(
    "expressions",
    singular="expression",
    plural="expressions",
    column="expression",
    valid_means="evaluates to finite numbers",
    not_valid="not finite",
)
