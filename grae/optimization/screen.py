"""Which strings a search may propose at all: small enough, fulfilling a condition, and far enough from better ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.optimization.limits import Limits

if TYPE_CHECKING:
    from grae.conditions import Condition
    from grae.grammar import Grammar
    from grae.grammar.codec import Derivations


@dataclass(frozen=True)
class Screen:
    """What is asked of a string before it is scored.

    Attributes:
        limits: of size.
        condition: one that costs no call of users' functions; None for none.
    """

    limits: Limits
    condition: "Condition | None" = None

    def admit(self, grammar: "Grammar", texts: Sequence[str], derivations: "Derivations") -> np.ndarray:
        """Which strings may be scored, (n,) bool.

        Args:
            grammar: the plain grammar of the derivations.
            texts: n valid strings.
            derivations: of each.
        """
        admitted = self.limits.admit(grammar, texts, derivations)
        if self.condition is not None:
            rows = np.flatnonzero(admitted)
            admitted[rows] = self.condition.fulfilled([texts[row] for row in rows.tolist()])
        return admitted

    def __bool__(self) -> bool:
        return bool(self.limits) or self.condition is not None
