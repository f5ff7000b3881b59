"""Moves between derivations: new derivations of a grammar from known ones, compiled.

A leftmost derivation lists the nodes of its tree in prefix order, so a subtree is a slice of it, and replacing the
derivation of a nonterminal by another one of the same nonterminal gives a valid derivation:

subtree     a subtree is replaced by one of the same nonterminal from another derivation (the crossover of genetic
            programming; Koza 1992)
segment     what lies between a nonterminal and a descendant of the same nonterminal is replaced by such a segment of
            another derivation; either may be empty, which inserts or deletes one. In right-recursive grammars, where
            nearly every subtree extends to the end of the string, these are the local changes (the adjunction of tree
            adjoining grammars).
regrow      a subtree is resampled from the probabilities of the productions
exchange    a production is exchanged for another of its nonterminal, which keeps the subtrees that fit it; missing ones
            are drawn
"""

from typing import TYPE_CHECKING

import numpy as np

from grae.errors import SettingsError
from grae.grammar.codec import Derivations
from grae.grammar.forest import validate_derivations
from grae.grammar.splicing import EXCHANGE, Parents, spliced_children, subtree_sizes

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

SHARES = (0.5, 0.3, 0.1, 0.1)
"""Probability of each kind of move."""
SMOOTHING = 0.1
"""Additive smoothing of the occurrences, so that every production can be drawn."""


class Moves:
    """Moves between the derivations of a grammar without motifs.

    Args:
        grammar: the grammar; expand motifs first (`motifs.expand_motifs`).
        derivations: derivations that give the probabilities of productions in drawn subtrees, proportional to their
            occurrences; None for uniform probabilities.
        shares: the probability of each of `KINDS`; they sum to 1.
        smoothing: occurrences added to each production; with 0, only productions that occur are drawn.

    Raises:
        SettingsError: the grammar has motifs.
        DerivationError: a derivation is not a complete leftmost derivation of the grammar.
    """

    def __init__(
        self,
        grammar: "Grammar",
        derivations: Derivations | None = None,
        *,
        shares: tuple[float, float, float, float] = SHARES,
        smoothing: float = SMOOTHING,
    ) -> None:
        if grammar.motifs:
            raise SettingsError(f"{grammar.name} has motifs", remedy="move between derivations of its base grammar")
        self.grammar = grammar
        self.shares = np.cumsum(shares)
        tables = grammar.tables
        counts = np.full(grammar.n_productions, smoothing)
        if derivations is not None:
            ids = validate_derivations(grammar, derivations.ids, derivations.offsets)
            counts += np.bincount(ids, minlength=grammar.n_productions)
        self._weights = np.where(tables.usable, counts, 0.0)
        order = np.argsort(tables.lhs, kind="stable")
        self._of_nonterminal = order[tables.usable[order]].astype(np.int32)
        numbers = np.arange(len(grammar.nonterminals) + 1)
        self._begins = np.searchsorted(tables.lhs[self._of_nonterminal], numbers).astype(np.int64)

    def parents(self, derivations: Derivations) -> Parents:
        """Derivations prepared for moves.

        Raises:
            DerivationError: one is not a complete leftmost derivation of the grammar.
        """
        first = derivations.offsets[0]
        offsets = np.asarray(derivations.offsets - first, np.int64)
        ids = validate_derivations(self.grammar, derivations.ids[first : derivations.offsets[-1]], offsets)
        return Parents(ids, offsets, subtree_sizes(self.grammar, ids, offsets))

    def children(
        self,
        parents: Parents,
        receivers: np.ndarray,
        donors: np.ndarray,
        rng: np.random.Generator,
        *,
        max_length: int,
    ) -> Derivations:
        """One child per pair of parents, where a move is possible.

        Args:
            parents: the derivations that row numbers refer to.
            receivers: (n,) rows to change.
            donors: (n,) rows to take subtrees and segments from.
            rng: draws kinds, positions and productions.
            max_length: maximum number of productions of a child; receivers may be longer.

        Returns:
            At most n derivations of at most `max_length` productions. A child may equal its parent.
        """
        tables = self.grammar.tables
        kinds = np.minimum(np.searchsorted(self.shares, rng.random(len(receivers)), side="right"), EXCHANGE)
        ids, lengths = spliced_children(
            parents,
            np.asarray(receivers, np.int64),
            np.asarray(donors, np.int64),
            kinds,
            rng,
            max_length,
            (tables.lhs, tables.children, tables.n_children, tables.shortest),
            (self._weights, self._of_nonterminal, self._begins),
        )
        lengths = lengths[lengths > 0]
        return Derivations(ids.astype(self.grammar.dtype), np.concatenate([[0], np.cumsum(lengths)]))
