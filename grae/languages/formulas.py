"""Formulas with constants fitted to data; a string is valid if it can be parsed as a formula."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from grae.errors import ParseError
from grae.grammar import Grammar
from grae.grammar.language import Language

if TYPE_CHECKING:
    import numpy as np

    from grae.formulas.canonical import Canonical
    from grae.grammar.codec import Derivations


class Formulas(Language):
    """See the module docstring."""

    def holds(self, grammar: Grammar, derivations: "Derivations", texts: Sequence[str]) -> "np.ndarray":
        """Which strings can be parsed as formulas, (n,) bool."""
        import numpy as np

        return np.array([_canonical(grammar, text) is not None for text in texts], bool)

    def identities(self, grammar: Grammar, texts: Sequence[str]) -> list[str | None]:
        """One key per formula, equal for equivalent ones; None for other strings and redundant formulas."""
        forms = [_canonical(grammar, text) for text in texts]
        return [None if form is None or form.redundant else form.key for form in forms]

    def caption(self, text: str) -> str:
        """The string itself."""
        return text


def _canonical(grammar: Grammar, text: str) -> "Canonical | None":
    from grae.formulas.canonical import canonical
    from grae.formulas.program import read

    try:
        return canonical(read(text, _names(grammar)))
    except ParseError:
        return None


@lru_cache(maxsize=16)
def _names(grammar: Grammar) -> tuple[str, ...]:
    """The variables of a grammar: the names in it other than the constant and operations."""
    from grae.formulas.template import variables_of

    return variables_of(grammar)


LANGUAGE = Formulas(
    "formulas",
    singular="formula",
    plural="formulas",
    column="formula",
    valid_means="reads as a formula",
    not_valid="no formula",
)
