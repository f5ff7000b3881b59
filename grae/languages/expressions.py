"""Arithmetic expressions in x; an expression is valid if it is finite everywhere on [-10, 10]."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grae.errors import ParseError
from grae.grammar import Grammar
from grae.grammar.language import Language

if TYPE_CHECKING:
    import numpy as np

    from grae.grammar.codec import Derivations

CURVE_POINTS = 161
CHUNK = 2_000  # expressions evaluated at a time
PLACES, RANGE = 64, 10.0  # random points of comparison, which differ from those of the published target
TOLERANCE = 1e-3  # of the inverse hyperbolic sine: absolute for small values, relative for large ones


class Expressions(Language):
    """See the module docstring."""

    def holds(self, grammar: Grammar, derivations: "Derivations", texts: Sequence[str]) -> "np.ndarray":
        """Which expressions are finite everywhere, (n,) bool."""
        from grae.expressions import are_finite

        return are_finite(grammar, derivations)

    def identities(self, grammar: Grammar, texts: Sequence[str]) -> list[str | None]:
        """The values of each valid expression at `places`, in single precision; its text if any is not finite."""
        import numpy as np

        from grae.expressions import evaluate_many, points
        from grae.grammar.codec import encode

        domain = points()
        everywhere = np.concatenate([domain, places()])
        encoded = encode(grammar, texts, on_invalid="skip")
        identities: list[str | None] = [None] * len(texts)
        for first in range(0, len(encoded.derivations), CHUNK):
            values = evaluate_many(grammar, encoded.derivations[first : first + CHUNK], everywhere)
            finite = np.isfinite(values)
            rows = encoded.rows[first : first + CHUNK].tolist()
            with np.errstate(over="ignore"):
                single = (values[:, len(domain) :] + 0.0).astype(np.float32)  # removes the sign of zeros
            for row, own, fits in zip(rows, single, finite, strict=True):
                if fits.all():
                    identities[row] = own.tobytes().hex()
                elif fits[: len(domain)].all():
                    identities[row] = texts[row]
        return identities

    def picture(self, grammar: Grammar, text: str, marked: Sequence[bool] = ()) -> str | None:
        """The typeset expression above its curve; None if characters are marked, or for other strings."""
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


def places() -> "np.ndarray":
    """The points of comparison, (64,) float64: fixed random points in the published target's interval."""
    import numpy as np

    return np.random.default_rng(0).uniform(-RANGE, RANGE, PLACES)


def _values(grammar: Grammar, texts: Sequence[str], derivations: "Derivations") -> "np.ndarray":
    """The inverse hyperbolic sines of the values of expressions at `places`, (n, 64) float64."""
    import numpy as np

    from grae.expressions import evaluate_many

    values = evaluate_many(grammar, derivations, places())
    return np.arcsinh(np.nan_to_num(values, nan=0.0, posinf=1e300, neginf=-1e300))


LANGUAGE = Expressions(
    "expressions",
    singular="expression",
    plural="expressions",
    column="expression",
    valid_means="evaluates to finite numbers",
    not_valid="not finite",
    vectors=_values,
    tolerance=TOLERANCE,
)
