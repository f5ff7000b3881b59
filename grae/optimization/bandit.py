"""Allocation of a round among the proposers by Thompson sampling of their success rates, with discounting."""

from collections.abc import Mapping, Sequence

import numpy as np

PRIOR = (1.0, 1.0)
MEMORY = 0.9
"""Discount factor of earlier outcomes per round."""
LEAST = 0.1
"""Fraction of each round that is shared equally among the proposers, regardless of their success rates."""


class Bandit:
    """Allocates the strings of a round to proposers.

    Args:
        names: the proposers.
        least: minimum expected shares of some of them, in addition to the equal shares of `LEAST`.
    """

    def __init__(self, names: Sequence[str], least: Mapping[str, float] | None = None) -> None:
        self.names = list(names)
        shares = least or {}
        self.fixed = np.cumsum([LEAST / len(self.names) + shares.get(name, 0.0) for name in self.names])
        self.successes = dict.fromkeys(self.names, 0.0)
        self.failures = dict.fromkeys(self.names, 0.0)

    def quotas(self, n: int, rng: np.random.Generator) -> dict[str, int]:
        """The number of strings of each proposer, n in all; only proposers with at least one."""
        counts = dict.fromkeys(self.names, 0)
        for _ in range(n):
            place = int(np.searchsorted(self.fixed, rng.random(), side="right"))
            if place < len(self.names):
                counts[self.names[place]] += 1
                continue
            drawn = [rng.beta(PRIOR[0] + self.successes[name], PRIOR[1] + self.failures[name]) for name in self.names]
            counts[self.names[int(np.argmax(drawn))]] += 1
        return {name: count for name, count in counts.items() if count}

    def tell(self, name: str, success: bool) -> None:
        """Records the outcome of a proposer's string; unknown proposers are ignored."""
        if name in self.successes:
            (self.successes if success else self.failures)[name] += 1.0

    def age(self) -> None:
        """Discounts earlier outcomes at the end of a round."""
        for counts in (self.successes, self.failures):
            for name in counts:
                counts[name] *= MEMORY
