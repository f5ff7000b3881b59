"""How strings are shown: molecules drawn, expressions typeset with their curves, other strings as they are written."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from markupsafe import Markup

from grae.errors import ParseError
from grae.report.mathml import mathml
from grae.report.owners import atoms_of

if TYPE_CHECKING:
    from grae.grammar import Grammar

CURVE_POINTS = 161
CURVE_SIZE = (160, 60)


class Quantity(NamedTuple):
    """A number that each string has.

    Attributes:
        name: with its unit.
        of: gives it for strings, (n,) float64, NaN where there is none.
    """

    name: str
    of: Callable[[Sequence[str]], np.ndarray]


class Portraits(Protocol):
    """Shows the strings of a language.

    Attributes:
        kind: what such a string is called, in the plural.
    """

    kind: str

    @property
    def quantities(self) -> Sequence[Quantity]:
        """The numbers that its strings have."""
        ...

    def draw(self, text: str, marked: Sequence[bool] = ()) -> Markup:
        """A string, with its marked characters set off where some are."""
        ...

    def caption(self, text: str) -> str:
        """A line of numbers to stand under it."""
        ...


def portraits_of(grammar: "Grammar") -> Portraits:
    """How the strings of a grammar are shown, by its directive `language`."""
    if grammar.language == "molecules":
        return Molecules()
    return Expressions(grammar) if grammar.language == "expressions" else Strings()


class Strings:
    """Strings of which nothing is known."""

    kind = "strings"

    def __init__(self) -> None:
        self.quantities = [Quantity("characters", lambda texts: np.array([len(text) for text in texts], np.float64))]

    def draw(self, text: str, marked: Sequence[bool] = ()) -> Markup:
        """The string in type of one width."""
        return written(text, marked)

    def caption(self, text: str) -> str:
        """Its length."""
        return f"{len(text)} characters"


class Molecules:
    """Molecules drawn by RDKit."""

    kind = "molecules"

    def __init__(self) -> None:
        from grae.chemistry import properties

        def of(name: str, texts: Sequence[str]) -> np.ndarray:
            found = [properties(text) for text in texts]
            return np.array([np.nan if one is None else getattr(one, name) for one in found], np.float64)

        names = {
            "logP": "logp",
            "QED": "qed",
            "synthetic accessibility": "sa",
            "weight, g/mol": "weight",
            "heavy atoms": "heavy_atoms",
        }
        self.quantities = [Quantity(shown, partial(of, name)) for shown, name in names.items()]

    def draw(self, text: str, marked: Sequence[bool] = ()) -> Markup:
        """The molecule; a string that is not valid as it is written."""
        from grae.chemistry import drawing

        atoms = {number for number, place in enumerate(atoms_of(text)) if marked[place]} if marked else ()
        drawn = drawing(text, marked=atoms)
        if drawn is None:
            return written(text, marked) + Markup('<span class="invalid">not valid</span>')
        return Markup(drawn)

    def caption(self, text: str) -> str:
        """Its logP, drug-likeness and synthetic accessibility."""
        from grae.chemistry import properties

        found = properties(text)
        return "" if found is None else f"logP {found.logp:.2f} · QED {found.qed:.2f} · SA {found.sa:.1f}"


class Expressions:
    """Expressions typeset, over their curves."""

    kind = "expressions"

    def __init__(self, grammar: "Grammar") -> None:
        from grae.optimization.curves import FORMULA, curve_target

        self.grammar = grammar
        self.quantities = [
            Quantity(f"log MSE to {FORMULA}", curve_target(grammar).evaluate),
            Quantity("characters", lambda texts: np.array([len(text) for text in texts], np.float64)),
        ]

    def draw(self, text: str, marked: Sequence[bool] = ()) -> Markup:
        """The expression with its curve; with marks as it is written, and a string outside the language too."""
        from grae.expressions import evaluate, points, postfix

        if any(marked):
            return written(text, marked)
        try:
            ids = self.grammar.parse(text)
        except ParseError:
            return written(text) + Markup('<span class="invalid">outside the language</span>')
        x = points()[:: len(points()) // CURVE_POINTS + 1]
        return mathml(postfix(self.grammar, ids)) + curve(x, evaluate(self.grammar, ids, x))

    def caption(self, text: str) -> str:
        """The string itself."""
        return text


def written(text: str, marked: Sequence[bool] = ()) -> Markup:
    """A string in type of one width, its marked characters set off."""
    if not any(marked):
        return Markup("<code>{}</code>").format(text or "(the empty string)")
    parts = Markup("")
    start = 0
    while start < len(text):
        end = start
        while end < len(text) and marked[end] == marked[start]:
            end += 1
        parts += Markup("<mark>{}</mark>" if marked[start] else "{}").format(text[start:end])
        start = end
    return Markup("<code>{}</code>").format(parts)


def curve(x: np.ndarray, y: np.ndarray) -> Markup:
    """A small curve without axes, from the least to the greatest of its finite values."""
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
