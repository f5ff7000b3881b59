"""Random derivations of a grammar, fast: by its weights, or all equally likely.

By weights, each nonterminal is expanded by a production drawn with its probability, from the start symbol on: a
probabilistic context-free grammar. Derivations of more than `max_length` productions are rejected and drawn again, so
the distribution is the grammar's, conditioned on the length.

Uniformly, the derivations of at most `max_length` productions are counted exactly (`counting.DerivationCounter`). The
length, then each production and the lengths of its children's derivations are drawn in proportion to the number of
derivations that have them (the recursive method; Flajolet, Zimmermann and Van Cutsem, Theoretical Computer Science 132,
1994). The counts are rounded to the 53 bits of a float64, a relative error of 1e-16 per choice. In an ambiguous grammar
a string has several derivations, and each counts.

The random numbers are those of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same on every machine.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import BATCH, Derivations
from grae.grammar.counting import DerivationCounter

MOST_IDS = 2**26  # productions in a batch
MOST_TRIES = 100_000  # derivations begun for one that is short enough
LONGEST_UNIFORM = 1_500  # productions, beyond which the range of a float64 may not hold the counts


class _Alternatives(NamedTuple):
    """The productions of each nonterminal, side by side.

    Attributes:
        begins: (N + 1,) int32, where the productions of each nonterminal begin.
        order: (P,) int32, the productions by nonterminal.
    """

    begins: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, grammar: Grammar) -> "_Alternatives":
        lhs = grammar.tables.lhs
        order = np.argsort(lhs, kind="stable").astype(np.int32)
        return cls(np.searchsorted(lhs[order], np.arange(len(grammar.nonterminals) + 1)).astype(np.int32), order)

    def cumulated(self, shares: np.ndarray) -> np.ndarray:
        """Cumulative sums of the productions' shares within each nonterminal: (P, ...) by `order`."""
        sums = np.cumsum(shares[self.order], axis=0)
        before = np.concatenate([np.zeros_like(sums[:1]), sums])[self.begins[:-1]]
        return sums - np.repeat(before, np.diff(self.begins), axis=0)


class WeightedDraws:
    """Draws derivations by a grammar's weights.

    Args:
        grammar: with weights; without, the productions of a nonterminal are equally likely.
        max_length: maximum number of productions per derivation.

    Raises:
        GrammarError: no derivation is that short, or only those that use productions of weight 0.
    """

    def __init__(self, grammar: Grammar, max_length: int) -> None:
        self.grammar, self.max_length = grammar, max_length
        weighted = grammar if grammar.weights is not None else grammar.weighted([1.0] * grammar.n_productions)
        shares = np.where(grammar.tables.usable, np.array(weighted.weights), 0.0)
        self._alternatives = _Alternatives.of(grammar)
        self._upto = self._cumulated(shares)
        self._shortest = self._shortest_possible(shares)
        shortest = self._shortest[grammar.tables.start]
        if shortest > max_length:
            raise GrammarError(
                f"grammar {grammar.name!r} has no derivation of at most {max_length} productions with these weights",
                remedy="allow longer ones, or give positive weights to the productions that end derivations",
            )

    def draw(self, n: int, seed: int) -> Derivations:
        """Draws derivations; a smaller `n` with the same seed gives the first of them.

        Args:
            n: number of derivations.
            seed: random seed.

        Raises:
            GrammarError: hardly any derivation is short enough.
        """
        tables = self.grammar.tables
        parts, state = [], _state(seed)
        for rows in _batches(n, self.max_length):
            ids = np.empty(rows * self.max_length, self.grammar.dtype)
            offsets = np.zeros(rows + 1, np.int64)
            done = _draw_weighted(
                (tables.start, tables.children, tables.n_children),
                (*self._alternatives, self._upto, self._shortest),
                self.max_length,
                state,
                ids,
                offsets,
            )
            if not done:
                raise GrammarError(
                    f"not 1 of {MOST_TRIES:,} derivations of grammar {self.grammar.name!r} by its weights has at most "
                    f"{self.max_length} productions",
                    remedy="allow longer ones, or give more weight to the productions that end derivations",
                )
            parts.append(Derivations(ids[: offsets[-1]].copy(), offsets))
        return Derivations.concatenate(parts, self.grammar.dtype)

    def _cumulated(self, shares: np.ndarray) -> np.ndarray:
        """The cumulative probabilities of the productions, 1 at the end of each nonterminal that has any: (P,)."""
        upto = self._alternatives.cumulated(shares)
        last = np.repeat(upto[self._alternatives.begins[1:] - 1], np.diff(self._alternatives.begins))
        return np.divide(upto, last, out=np.zeros_like(upto), where=last > 0)

    def _shortest_possible(self, shares: np.ndarray) -> np.ndarray:
        """Productions in the shortest derivation of each nonterminal that has positive probability: (N,) int64."""
        tables, far = self.grammar.tables, np.int64(2**31)
        shortest = np.full(len(self.grammar.nonterminals) + 1, far)
        shortest[-1] = 0  # of the fill of `children`, -1
        while True:
            lengths = np.where(shares > 0, 1 + shortest[tables.children].sum(axis=1), far)
            shorter = np.full_like(shortest, far)
            shorter[-1] = 0
            np.minimum.at(shorter, tables.lhs, np.minimum(lengths, far))
            if (shorter == shortest).all():
                return shortest[:-1]
            shortest = shorter


class UniformDraws:
    """Draws derivations of at most `max_length` productions, all equally likely.

    Args:
        grammar: any context-free grammar.
        max_length: maximum number of productions per derivation, at most `LONGEST_UNIFORM`.

    Attributes:
        total: number of such derivations.

    Raises:
        GrammarError: there is none, or `max_length` is too large.
    """

    def __init__(self, grammar: Grammar, max_length: int) -> None:
        if max_length > LONGEST_UNIFORM:
            raise GrammarError(
                f"derivations of up to {max_length} productions are too many to count",
                remedy=f"allow at most {LONGEST_UNIFORM}",
            )
        self.grammar, self.max_length = grammar, max_length
        counter = DerivationCounter(grammar, max_length)
        self.total = counter.total
        if not self.total:
            shortest = grammar.analysis.shortest[grammar.start]
            raise GrammarError(
                f"grammar {grammar.name!r} has no derivation of at most {max_length} productions",
                remedy=f"allow {shortest} or more",
            )
        counts = [counter.count(length) for length in range(max_length + 1)]
        bits = [count.bit_length() for count in counts]
        self._bits = max(0, round(bits[-1] / max_length)) if bits[-1] else max(bits) // max_length
        total = self.total
        self._upto_length = np.cumsum([_ratio(count, total) for count in counts])
        self._upto_length /= self._upto_length[-1]
        self._number_parts(counter)

    def draw(self, n: int, seed: int) -> Derivations:
        """Draws derivations with replacement; a smaller `n` with the same seed gives the first of them.

        Args:
            n: number of derivations.
            seed: random seed.
        """
        parts, state = [], _state(seed)
        for rows in _batches(n, self.max_length):
            ids = np.empty(rows * self.max_length, self.grammar.dtype)
            offsets = np.zeros(rows + 1, np.int64)
            _draw_uniform(
                (self._upto_length, self._parts[(self.grammar.tables.start,)]),
                (*self._alternatives, self._upto),
                (self._nonterminal, self._head, self._tail, self._part_of, self._scaled, self._shortest),
                state,
                ids,
                offsets,
            )
            parts.append(Derivations(ids[: offsets[-1]].copy(), offsets))
        return Derivations.concatenate(parts, self.grammar.dtype)

    def _number_parts(self, counter: DerivationCounter) -> None:
        """Numbers the sequences of nonterminals still to be expanded, and tabulates their numbers of derivations.

        Counts at length l are divided by 2 ** (bits * l), which changes no proportion.
        """
        tables = self.grammar.tables
        n_nonterminals = len(self.grammar.nonterminals)
        self._parts: dict[tuple[int, ...], int] = {(number,): number for number in range(n_nonterminals)}
        self._parts[()] = n_nonterminals
        children = [tuple(row[:n].tolist()) for row, n in zip(tables.children, tables.n_children, strict=True)]
        for whole in children:
            for place in range(len(whole)):
                self._parts.setdefault(whole[place:], len(self._parts))
        parts = list(self._parts)
        self._part_of = np.array([self._parts[whole] for whole in children], np.int32)
        self._nonterminal = np.array([part[0] if len(part) == 1 else -1 for part in parts], np.int32)
        self._head = np.array([self._parts[part[:1]] for part in parts], np.int32)
        self._tail = np.array([self._parts[part[1:]] for part in parts], np.int32)
        shortest = [sum(int(tables.shortest[number]) for number in part) for part in parts]
        self._shortest = np.minimum(shortest, self.max_length + 1).astype(np.int64)
        self._scaled = np.zeros((len(parts), self.max_length + 1))
        for number, part in enumerate(parts):
            for length in range(self._shortest[number], self.max_length + 1):
                self._scaled[number, length] = _scaled(counter.count_of(part, length), self._bits * length)
        self._alternatives = _Alternatives.of(self.grammar)
        shares = np.where(tables.usable[:, None], self._scaled[self._part_of], 0.0)
        self._upto = self._alternatives.cumulated(shares)


def _batches(n: int, max_length: int) -> Iterator[int]:
    """The sizes of the batches in which derivations are drawn, each with room for rows of maximum length."""
    most = max(1, min(BATCH, MOST_IDS // max_length))
    yield from (min(most, n - first) for first in range(0, n, most))


def _ratio(count: int, total: int) -> float:
    """`count / total` for integers of any size."""
    shift = max(0, total.bit_length() - 1000)
    return (count >> shift) / (total >> shift)


def _scaled(count: int, bits: int) -> float:
    """A count divided by 2 ** `bits`."""
    spare = max(0, count.bit_length() - 64)
    return math.ldexp(float(count >> spare), spare - bits)


def _state(seed: int) -> np.ndarray:
    """The generator's state, (1,) uint64."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64)


@njit(nogil=True, cache=True)
def _random(state):
    """The next number of SplitMix64 as a float64 in [0, 1)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return np.float64(mixed >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(nogil=True, cache=True)
def _draw_weighted(grammar, alternatives, max_length, state, ids, offsets):
    """Fills rows; returns False if one does not become short enough."""
    start, children, n_children = grammar
    begins, order, upto, shortest = alternatives
    stack = np.empty(max_length + 1, np.int32)
    for row in range(offsets.size - 1):
        size = offsets[row]
        for attempt in range(MOST_TRIES + 1):
            if attempt == MOST_TRIES:
                return False
            size = offsets[row]
            stack[0] = start
            depth = 1
            owed = shortest[start]  # productions that the stack needs at the least
            while depth > 0:
                depth -= 1
                nonterminal = stack[depth]
                value = _random(state)
                low, high = begins[nonterminal], begins[nonterminal + 1] - 1
                while low < high:
                    middle = (low + high) // 2
                    if upto[middle] > value:
                        high = middle
                    else:
                        low = middle + 1
                production = order[low]
                ids[size] = production
                size += 1
                owed -= shortest[nonterminal]
                for slot in range(n_children[production]):
                    owed += shortest[children[production, slot]]
                if size - offsets[row] + owed > max_length:
                    depth = -1
                    break
                for slot in range(n_children[production] - 1, -1, -1):
                    stack[depth] = children[production, slot]
                    depth += 1
            if depth == 0:
                break
        offsets[row + 1] = size
    return True


@njit(nogil=True, cache=True)
def _draw_uniform(lengths, alternatives, parts, state, ids, offsets):
    """Fills rows."""
    upto_length, start = lengths
    begins, order, upto = alternatives
    nonterminals, head, tail, part_of, scaled, shortest = parts
    stack = np.empty((upto_length.size + 1, 2), np.int64)  # parts to expand, with the length of each derivation
    for row in range(offsets.size - 1):
        size = offsets[row]
        length = np.searchsorted(upto_length, _random(state), "right")
        stack[0, 0], stack[0, 1] = start, min(length, upto_length.size - 1)
        depth = 1
        while depth > 0:
            depth -= 1
            part, length = stack[depth, 0], stack[depth, 1]
            nonterminal = nonterminals[part]
            if nonterminal >= 0:
                low, high = begins[nonterminal], begins[nonterminal + 1] - 1
                value = _random(state) * upto[high, length - 1]
                while low < high:
                    middle = (low + high) // 2
                    if upto[middle, length - 1] > value:
                        high = middle
                    else:
                        low = middle + 1
                ids[size] = order[low]
                size += 1
                if length > 1:
                    stack[depth, 0], stack[depth, 1] = part_of[order[low]], length - 1
                    depth += 1
                continue
            first, rest = head[part], tail[part]
            most = length - shortest[rest]
            chosen = most
            value = _random(state) * scaled[part, length]
            for shorter in range(shortest[first], most):
                value -= scaled[first, shorter] * scaled[rest, length - shorter]
                if value < 0:
                    chosen = shorter
                    break
            stack[depth, 0], stack[depth, 1] = rest, length - chosen
            stack[depth + 1, 0], stack[depth + 1, 1] = first, chosen
            depth += 2
        offsets[row + 1] = size
