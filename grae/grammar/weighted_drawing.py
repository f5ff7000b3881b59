"""Random derivations of a grammar by its weights, fast.

Each nonterminal is expanded by a production drawn with its probability, from the start symbol on: a probabilistic
context-free grammar. Derivations of more than `max_length` productions are rejected and drawn again, so the
distribution is the grammar's, conditioned on the length.
"""

import numpy as np

from grae.compilation import compiled
from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import Derivations
from grae.grammar.drawing import Alternatives, batch_sizes, next_random, random_state

MOST_TRIES = 100_000  # attempts per derivation


class WeightedDraws:
    """Draws derivations by a grammar's weights.

    Args:
        grammar: a grammar; without weights, the productions of a nonterminal are equally likely.
        max_length: maximum number of productions per derivation.

    Raises:
        GrammarError: no derivation without productions of weight 0 is that short.
    """

    def __init__(self, grammar: Grammar, max_length: int) -> None:
        self.grammar, self.max_length = grammar, max_length
        weighted = grammar if grammar.weights is not None else grammar.weighted([1.0] * grammar.n_productions)
        shares = np.where(grammar.tables.usable, np.array(weighted.weights), 0.0)
        self._alternatives = Alternatives.of(grammar)
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
            GrammarError: hardly any random derivation is short enough.
        """
        tables = self.grammar.tables
        parts, state = [], random_state(seed)
        for rows in batch_sizes(n, self.max_length):
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
        shortest[-1] = 0  # for the padding of `children`, -1
        while True:
            lengths = np.where(shares > 0, 1 + shortest[tables.children].sum(axis=1), far)
            shorter = np.full_like(shortest, far)
            shorter[-1] = 0
            np.minimum.at(shorter, tables.lhs, np.minimum(lengths, far))
            if (shorter == shortest).all():
                return shortest[:-1]
            shortest = shorter


@compiled()
def _draw_weighted(grammar, alternatives, max_length, state, ids, offsets):
    """Fills rows; returns False if no attempt at one is short enough."""
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
            owed = shortest[start]  # minimum number of productions for the stack
            while depth > 0:
                depth -= 1
                nonterminal = stack[depth]
                value = next_random(state)
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
