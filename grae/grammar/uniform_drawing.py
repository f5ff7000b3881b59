"""Random derivations of a grammar, all equally likely, fast.

The derivations of at most `max_length` productions are counted exactly (`counting.DerivationCounter`). The length, then
each production and the lengths of its children's derivations are drawn in proportion to the number of derivations that
have them (the recursive method; Flajolet, Zimmermann and Van Cutsem, Theoretical Computer Science 132, 1994). The
counts are rounded to the 53 bits of a float64, a relative error of 1e-16 per choice. In an ambiguous grammar a string
has several derivations, and each counts.
"""

import math

import numpy as np

from grae.compilation import compiled
from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import Derivations
from grae.grammar.counting import DerivationCounter
from grae.grammar.drawing import Alternatives, batch_sizes, next_random, random_state

LONGEST_UNIFORM = 1_500  # productions; beyond, the counts may exceed the range of a float64


class UniformDraws:
    """Draws derivations of at most `max_length` productions, all equally likely.

    Args:
        grammar: any context-free grammar.
        max_length: maximum number of productions per derivation, at most `LONGEST_UNIFORM`.

    Attributes:
        total: number of such derivations.

    Raises:
        GrammarError: there is no such derivation, or `max_length` is too large.
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
        parts, state = [], random_state(seed)
        for rows in batch_sizes(n, self.max_length):
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
        self._alternatives = Alternatives.of(self.grammar)
        shares = np.where(tables.usable[:, None], self._scaled[self._part_of], 0.0)
        self._upto = self._alternatives.cumulated(shares)


def _ratio(count: int, total: int) -> float:
    """`count / total` for integers of any size."""
    shift = max(0, total.bit_length() - 1000)
    return (count >> shift) / (total >> shift)


def _scaled(count: int, bits: int) -> float:
    """A count divided by 2 ** `bits`."""
    spare = max(0, count.bit_length() - 64)
    return math.ldexp(float(count >> spare), spare - bits)


@compiled()
def _draw_uniform(lengths, alternatives, parts, state, ids, offsets):
    """Fills rows."""
    upto_length, start = lengths
    begins, order, upto = alternatives
    nonterminals, head, tail, part_of, scaled, shortest = parts
    stack = np.empty((upto_length.size + 1, 2), np.int64)  # parts to expand, with the length of each derivation
    for row in range(offsets.size - 1):
        size = offsets[row]
        length = np.searchsorted(upto_length, next_random(state), "right")
        stack[0, 0], stack[0, 1] = start, min(length, upto_length.size - 1)
        depth = 1
        while depth > 0:
            depth -= 1
            part, length = stack[depth, 0], stack[depth, 1]
            nonterminal = nonterminals[part]
            if nonterminal >= 0:
                low, high = begins[nonterminal], begins[nonterminal + 1] - 1
                value = next_random(state) * upto[high, length - 1]
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
            value = next_random(state) * scaled[part, length]
            for shorter in range(shortest[first], most):
                value -= scaled[first, shorter] * scaled[rest, length - shorter]
                if value < 0:
                    chosen = shorter
                    break
            stack[depth, 0], stack[depth, 1] = rest, length - chosen
            stack[depth + 1, 0], stack[depth + 1, 1] = first, chosen
            depth += 2
        offsets[row + 1] = size
