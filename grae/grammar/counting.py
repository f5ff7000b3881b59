"""Exact numbers of derivations of each length, and the derivation at each position of their enumeration.

Dynamic programming over the grammar counts them: the count of a nonterminal at `length` is the sum over its
productions, and that of a production the number of ways to share `length - 1` among its children. Running the same sums
backwards finds the derivation at any position of the enumeration, so that a uniformly drawn position is a uniformly
drawn derivation, and different positions are different derivations.
"""

import random
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate

import numpy as np

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar


class DerivationCounter:
    """The complete derivations of a grammar with at most `max_length` productions, counted and enumerated.

    They are ordered by length; then by their first production; then by the lengths of its children's derivations; then
    by the children's own positions, the first child being the most significant. Counts are exact Python integers of any
    size. In an ambiguous grammar a string has several derivations, and each counts.

    Args:
        grammar: any context-free grammar.
        max_length: maximum number of productions per derivation.
    """

    def __init__(self, grammar: Grammar, max_length: int) -> None:
        self.grammar = grammar
        self.max_length = max_length
        tables = grammar.tables
        self._children = [
            tuple(children[:n].tolist()) for children, n in zip(tables.children, tables.n_children, strict=True)
        ]
        self._productions = [np.flatnonzero(mask).tolist() for mask in tables.mask]
        self._shortest = tables.shortest.tolist()
        self._counts: dict[tuple[tuple[int, ...], int], int] = {}
        self._choices: dict[tuple[tuple[int, ...], int], tuple[list[int], list]] = {}
        self._goal = (tables.start,)
        for length in range(max_length + 1):  # shortest first, to avoid deep recursion
            for nonterminal in range(len(self._shortest)):
                self.count_of((nonterminal,), length)

    def count(self, length: int) -> int:
        """The number of complete derivations with exactly `length` productions.

        Raises:
            ValueError: `length` exceeds `max_length`.
        """
        if length > self.max_length:
            raise ValueError(f"length {length} is beyond the {self.max_length} productions counted")
        return self.count_of(self._goal, length)

    @property
    def total(self) -> int:
        """The number of complete derivations with at most `max_length` productions."""
        return self._ends[-1] if self._ends else 0

    def unrank(self, index: int) -> np.ndarray:
        """The derivation at a position of the enumeration.

        Args:
            index: the position, from 0 to `total - 1`.

        Returns:
            Its production ids, shape (T,), dtype `grammar.dtype`.

        Raises:
            IndexError: there is no such position.
        """
        if not 0 <= index < self.total:
            raise IndexError(f"no derivation {index}: there are {self.total} of at most {self.max_length} productions")
        length = bisect_right(self._ends, index)
        if length:
            index -= self._ends[length - 1]
        ids: list[int] = []
        open_parts = [(self._goal, length, index)]
        while open_parts:
            part, length, index = open_parts.pop()
            if not part:
                continue
            ends, choices = self._choose(part, length)
            choice = bisect_right(ends, index)
            if choice:
                index -= ends[choice - 1]
            if len(part) == 1:
                production = choices[choice]
                ids.append(production)
                open_parts.append((self._children[production], length - 1, index))
            else:
                first_length, others = choices[choice]
                first, other = divmod(index, others)
                open_parts.append((part[1:], length - first_length, other))
                open_parts.append((part[:1], first_length, first))
        return np.array(ids, self.grammar.dtype)

    @cached_property
    def _ends(self) -> list[int]:
        """The position after the last derivation of each length, from length 0."""
        return list(accumulate(self.count(length) for length in range(self.max_length + 1)))

    def count_of(self, part: tuple[int, ...], length: int) -> int:
        """The number of sequences of derivations, one per nonterminal of `part`, with `length` productions in total."""
        if not part:
            return int(length == 0)
        if length < sum(self._shortest[nonterminal] for nonterminal in part):
            return 0
        key = part, length
        if key not in self._counts:
            if len(part) == 1:
                count = sum(self.count_of(self._children[p], length - 1) for p in self._productions[part[0]])
            else:
                count = sum(
                    self.count_of(part[:1], first) * self.count_of(part[1:], length - first)
                    for first in range(1, length)
                )
            self._counts[key] = count
        return self._counts[key]

    def _choose(self, part: tuple[int, ...], length: int) -> tuple[list[int], list]:
        """The first decision about `part`, with the position after the last sequence of each choice.

        The choices are the productions of a single nonterminal; for several, the lengths of the first one's derivation,
        each with the number of ways to continue with the others.
        """
        key = part, length
        if key not in self._choices:
            if len(part) == 1:
                choices = self._productions[part[0]]
                counts = [self.count_of(self._children[production], length - 1) for production in choices]
            else:
                choices = [(first, self.count_of(part[1:], length - first)) for first in range(1, length)]
                counts = [self.count_of(part[:1], first) * others for first, others in choices]
            self._choices[key] = list(accumulate(counts)), choices
        return self._choices[key]


def sample_uniform(grammar: Grammar, n: int, max_length: int, seed: int) -> list[np.ndarray]:
    """Draws distinct derivations, all equally likely.

    Args:
        grammar: any context-free grammar.
        n: number of derivations.
        max_length: maximum number of productions per derivation.
        seed: random seed; the same derivations in the same order on every machine.

    Returns:
        `n` distinct derivations in random order: production ids, shape (T,) each, dtype `grammar.dtype`.

    Raises:
        GrammarError: the grammar has fewer than `n` such derivations.
    """
    counter = DerivationCounter(grammar, max_length)
    if counter.total < n:
        raise GrammarError(
            f"grammar {grammar.name!r} has {counter.total} derivations of at most {max_length} productions, not {n}",
            remedy="ask for fewer, or allow longer ones",
        )
    return [counter.unrank(index) for index in _draw_places(counter.total, n, seed)]


def _draw_places(total: int, n: int, seed: int) -> list[int]:
    """The first `n` positions of a random permutation of `range(total)`: a Fisher-Yates shuffle storing only moves."""
    generator = random.Random(seed)
    moved: dict[int, int] = {}
    places = []
    for here in range(n):
        there = here + _below(generator, total - here)
        places.append(moved.get(there, there))
        moved[there] = moved.get(here, here)
    return places


def _below(generator: random.Random, bound: int) -> int:
    """A uniform integer of any size below `bound`, from the generator's bits alone: the same in all Python versions."""
    bits = (bound - 1).bit_length()
    while (value := generator.getrandbits(bits) if bits else 0) >= bound:
        pass
    return value
