"""Rendering strings: as drawings of their language, or as text."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markupsafe import Markup

from grae.optimization.curves import FORMULA, CurveTarget, curve_target

if TYPE_CHECKING:
    from grae.grammar import Grammar


class Quantity(NamedTuple):
    """A number that each string has.

    Attributes:
        name: with its unit.
        of: gives it for strings, (n,) float64, NaN where there is none.
    """

    name: str
    of: Callable[[Sequence[str]], np.ndarray]


class Renderer:
    """Shows the strings of a grammar, as its language says.

    Args:
        grammar: of the strings.

    Attributes:
        kind: what they are called, in the plural.
        quantities: the numbers that they have: the language's properties, else their length.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar, self.language = grammar, grammar.language
        self.kind = self.language.plural
        properties = {one.title: one.name for one in self.language.properties}
        self.quantities = [Quantity(title, self._property(name)) for title, name in properties.items()]
        if self.language.name == CurveTarget.language:
            self.quantities.append(Quantity(f"log MSE to {FORMULA}", curve_target(grammar).evaluate))
        if not properties:
            self.quantities.append(Quantity("characters", _lengths))

    def draw(self, text: str, marked: Sequence[bool] = ()) -> Markup:
        """A string, with its marked characters set off where some are; one that is not valid says so."""
        picture = self.language.picture(self.grammar, text, marked)
        if picture is not None:
            return Markup(picture)  # of the language's own making
        is_valid = self.grammar.canonical([text]) != [None]
        return written(text, marked) + Markup("" if is_valid else '<span class="invalid">not valid</span>')

    def caption(self, text: str) -> str:
        """A line of figures to stand under it."""
        return self.language.caption(text)

    def _property(self, name: str) -> Callable[[Sequence[str]], np.ndarray]:
        def of(texts: Sequence[str]) -> np.ndarray:
            return np.array([measured[name] for measured in self.language.measure(texts)], np.float64)  # None as NaN

        return of


def _lengths(texts: Sequence[str]) -> np.ndarray:
    return np.array([len(text) for text in texts], np.float64)


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
