"""Filter of the strings that a search may propose: by size, template, condition and diversity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.optimization.limits import Limits

if TYPE_CHECKING:
    from grae.conditions import Condition
    from grae.grammar import Grammar
    from grae.grammar.codec import Derivations
    from grae.grammar.template import Template
    from grae.optimization.diversity import Diversity


@dataclass(frozen=True)
class Screen:
    """The requirements on a string before it is scored.

    Attributes:
        limits: limits on size.
        condition: a condition that calls no user function; None for none.
        diversity: diversity rule of the results; None for none.
        template: template that each string must match; None for none.
    """

    limits: Limits
    condition: "Condition | None" = None
    diversity: "Diversity | None" = None
    template: "Template | None" = None

    def admit(self, grammar: "Grammar", texts: Sequence[str], derivations: "Derivations") -> np.ndarray:
        """Which strings may be scored, (n,) bool.

        Args:
            grammar: the plain grammar of the derivations.
            texts: n valid strings.
            derivations: derivations of the texts.
        """
        admitted = self.limits.admit(grammar, texts, derivations)
        if self.template is not None:
            from grae.sequence.templates import are_held

            rows = np.flatnonzero(admitted)
            admitted[rows] = are_held(self.template, [texts[row] for row in rows.tolist()], derivations[rows])
        if self.condition is not None:
            rows = np.flatnonzero(admitted)
            admitted[rows] = self.condition.fulfilled([texts[row] for row in rows.tolist()])
        if self.diversity is not None:
            rows = np.flatnonzero(admitted)
            admitted[rows] = self.diversity.admit([texts[row] for row in rows.tolist()])
        return admitted

    def apart(self, texts: Sequence[str], n: int) -> list[int]:
        """The indices of at most n strings, most promising first, that satisfy the diversity rule among each other."""
        places = range(len(texts)) if self.diversity is None else self.diversity.chosen(texts)
        return list(places)[:n]

    def __bool__(self) -> bool:
        return bool(self.limits) or any(one is not None for one in (self.condition, self.diversity, self.template))
