"""The shares of the proposers, adapted to what succeeds: Thompson sampling of success rates that age."""

from collections.abc import Mapping, Sequence

import numpy as np

PRIOR = (1.0, 1.0)
MEMORY = 0.9
"""What a round's outcomes count after another round, as a share."""
LEAST = 0.1
"""The share of places that are given to any proposer, all alike, whatever their successes."""


class Bandit:
    """Gives the places of a round to proposers.

    Args:
        names: the proposers.
        least: minimum expected share of the places of some of them, beside the equal shares of `LEAST`.
    """

    def __init__(self, names: Sequence[str], least: Mapping[str, float] | None = None) -> None:
        self.names = list(names)
        shares = least or {}
        self.fixed = np.cumsum([LEAST / len(self.names) + shares.get(name, 0.0) for name in self.names])
        self.successes = dict.fromkeys(self.names, 0.0)
        self.failures = dict.fromkeys(self.names, 0.0)

    def quotas(self, n: int, rng: np.random.Generator) -> dict[str, int]:
        """How many of n places each proposer fills; only those with at least one."""
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
        """What came of one string of a proposer; of an unknown one, nothing is noted."""
        if name in self.successes:
            (self.successes if success else self.failures)[name] += 1.0

    def age(self) -> None:
        """A round is over."""
        for counts in (self.successes, self.failures):
            for name in counts:
                counts[name] *= MEMORY
