"""Helpers for drawing random derivations: alternatives by nonterminal, batch sizes and random numbers.

The random numbers are those of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same on every machine.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from grae.compilation import compiled
from grae.grammar.cfg import Grammar
from grae.grammar.codec import BATCH

MOST_IDS = 2**26  # productions per batch


class Alternatives(NamedTuple):
    """The productions of each nonterminal, side by side.

    Attributes:
        begins: (N + 1,) int32, where the productions of each nonterminal begin.
        order: (P,) int32, the productions by nonterminal.
    """

    begins: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, grammar: Grammar) -> "Alternatives":
        """The alternatives of a grammar."""
        lhs = grammar.tables.lhs
        order = np.argsort(lhs, kind="stable").astype(np.int32)
        return cls(np.searchsorted(lhs[order], np.arange(len(grammar.nonterminals) + 1)).astype(np.int32), order)

    def cumulated(self, shares: np.ndarray) -> np.ndarray:
        """Cumulative sums of the productions' shares within each nonterminal, (P, ...) in the order of `order`."""
        sums = np.cumsum(shares[self.order], axis=0)
        before = np.concatenate([np.zeros_like(sums[:1]), sums])[self.begins[:-1]]
        return sums - np.repeat(before, np.diff(self.begins), axis=0)


def batch_sizes(n: int, max_length: int) -> Iterator[int]:
    """The sizes of the batches in which n derivations are drawn; rows of maximum length fit into each."""
    most = max(1, min(BATCH, MOST_IDS // max_length))
    yield from (min(most, n - first) for first in range(0, n, most))


def random_state(seed: int) -> np.ndarray:
    """The generator's state, (1,) uint64."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64)


@compiled()
def next_random(state):
    """The next number of SplitMix64 as a float64 in [0, 1)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return np.float64(mixed >> np.uint64(11)) * (1.0 / 9007199254740992.0)
