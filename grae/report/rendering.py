"""Rendering of strings as drawings or text."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markupsafe import Markup

from grae.targets.curves import FORMULA, CurveTarget, curve_target

if TYPE_CHECKING:
    from grae.grammar import Grammar


class Quantity(NamedTuple):
    """A property of strings.

    Attributes:
        name: its name, with the unit.
        of: computes it for n strings, (n,) float64; NaN if it is undefined.
    """

    name: str
    of: Callable[[Sequence[str]], np.ndarray]


class Renderer:
    """Renders the strings of a grammar by its language.

    Args:
        grammar: grammar of the strings.

    Attributes:
        kind: the name of the strings in the plural.
        quantities: the language's properties, or the length of strings.
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
        """A drawing of a string, with marked characters highlighted, or a note that it is not valid."""
        picture = self.language.picture(self.grammar, text, marked)
        if picture is not None:
            return Markup(picture)  # trusted markup, created by the language
        is_valid = self.grammar.canonical([text]) != [None]
        return written(text, marked) + Markup("" if is_valid else '<span class="invalid">not valid</span>')

    def caption(self, text: str) -> str:
        """A caption with the string's properties."""
        return self.language.caption(text)

    def _property(self, name: str) -> Callable[[Sequence[str]], np.ndarray]:
        def of(texts: Sequence[str]) -> np.ndarray:
            return np.array([measured[name] for measured in self.language.measure(texts)], np.float64)  # None as NaN

        return of


def _lengths(texts: Sequence[str]) -> np.ndarray:
    return np.array([len(text) for text in texts], np.float64)


def written(text: str, marked: Sequence[bool] = ()) -> Markup:
    """A string in monospaced type, with marked characters highlighted."""
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
