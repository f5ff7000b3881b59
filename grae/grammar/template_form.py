"""The sentential form of a template: its fixed productions composed into motifs, and motifs that reach into its holes.

A decoder has learned derivations in which motifs are applied wherever possible. Next to a hole it therefore expects
motifs that span the border between the fixed part and the hole. The fixed part is segmented like a string, except for
the productions above holes; and each piece is a choice between itself and every motif that matches the template, covers
a production above a hole, and leaves the other pieces whole.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from grae.grammar.cfg import Grammar
from grae.grammar.segmentation import HOLE as LEAF
from grae.grammar.segmentation import Segmenter
from grae.grammar.sentential import (
    CHOICE,
    CLOSES,
    FORCED,
    OPENS,
    OPENS_BONDED,
    SEGMENT,
    Alternative,
    SententialForm,
    is_hole,
)
from grae.grammar.splicing import subtree_sizes
from grae.grammar.symbols import Nonterminal


class Skeleton(NamedTuple):
    """The tree of a template over base productions; nodes in the order of a leftmost derivation.

    Attributes:
        ids: production of each node; arbitrary for a hole.
        symbols: symbol of each hole in a form; -1 for a fixed production.
        children: children of each node.
        pieces: node -> the production or motif that begins there; nodes inside a motif are absent.
    """

    ids: list[int]
    symbols: list[int]
    children: list[list[int]]
    pieces: dict[int, int]

    @property
    def borders(self) -> set[int]:
        """Fixed nodes above holes."""
        return {
            node
            for node, below in enumerate(self.children)
            if self.symbols[node] < 0 and any(self.symbols[child] >= 0 for child in below)
        }


def children_of(plain: Grammar, ids: np.ndarray) -> list[list[int]]:
    """The children of each node of a derivation."""
    sizes = subtree_sizes(plain, ids.astype(np.int32), np.array([0, len(ids)]))
    counts = plain.tables.n_children[ids].tolist()
    children: list[list[int]] = []
    for node, count in enumerate(counts):
        below, child = [], node + 1
        for _ in range(count):
            below.append(child)
            child += int(sizes[child])
        children.append(below)
    return children


class _Element(NamedTuple):
    """A symbol of a form under construction, and its node; -1 for a terminal."""

    symbol: int
    node: int


class FormBuilder:
    """Builds the forms of templates of a grammar.

    Args:
        grammar: a grammar with or without motifs.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._segmenter = Segmenter(grammar)
        self._codes = {terminal: -(number + 1) for number, terminal in enumerate(grammar.terminals)}
        self._numbers = {nonterminal: number for number, nonterminal in enumerate(grammar.nonterminals)}
        self._motifs: dict[int, list[int]] = {}  # base production -> motifs with this production at the root
        for production in range(grammar.plain.n_productions, grammar.n_productions):
            self._motifs.setdefault(self._segmenter.parts(production)[0], []).append(production)

    def form(self, skeleton: Skeleton, *, marks: bool, bonded: bool) -> SententialForm:
        """The form of a template.

        Args:
            skeleton: the template's tree.
            marks: whether to put marks around holes; holes without a terminal between them share a pair.
            bonded: whether each hole is an attachment point.
        """
        elements = list(self._elements(skeleton))
        if marks:
            elements = self._marked(elements, OPENS_BONDED if bonded else OPENS)
        choices: list[tuple[Alternative, ...]] = []
        symbols: list[int] = []
        numbers: dict[int, int] = {}  # node -> number of its choice
        borders = skeleton.borders
        for place, (symbol, node) in reversed(list(enumerate(elements))):  # choices below a node are numbered first
            if symbol >= FORCED and not is_hole(symbol):
                alternatives = self._alternatives(skeleton, elements, numbers, borders, place)
                if alternatives:
                    numbers[node] = len(choices)
                    choices.append((Alternative(symbol - FORCED, 1, ()), *alternatives))
            symbols.append(self._numbered(numbers, symbol, node))
        tables = self._grammar.tables
        shortest = sum(
            int(tables.shortest[symbol]) if 0 <= symbol < FORCED else int(symbol >= 0 and not is_hole(symbol))
            for symbol in symbols
        )
        return SententialForm(np.array(symbols[::-1], np.int32), shortest, tuple(choices))

    def _elements(self, skeleton: Skeleton) -> Iterator[_Element]:
        """The form without choices and marks."""
        rhs_of = [production.rhs for production in self._grammar.productions]
        waiting: list[str | int] = [0]  # stack of terminals and nodes
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                yield _Element(self._codes[node], -1)
                continue
            if skeleton.symbols[node] >= 0:
                yield _Element(skeleton.symbols[node], node)
                waiting += reversed(skeleton.children[node])
                continue
            piece = skeleton.pieces[node]
            yield _Element(FORCED + piece, node)
            leaves = iter(self._leaves(skeleton, node, self._segmenter.parts(piece)))
            waiting += [next(leaves) if isinstance(symbol, Nonterminal) else symbol for symbol in rhs_of[piece]][::-1]

    def _leaves(self, skeleton: Skeleton, node: int, parts: Sequence[int]) -> list[int]:
        """The nodes at the leaves of a piece, left to right."""
        leaves, waiting = [], [node]
        for part in parts:
            at = waiting.pop()
            if part == LEAF:
                leaves.append(at)
            else:
                waiting += reversed(skeleton.children[at])
        return leaves

    def _marked(self, elements: list[_Element], opening: int) -> list[_Element]:
        n_terminals = len(self._grammar.terminals)
        marked: list[_Element] = []
        end = -1  # end of the current hole so far
        closing = _Element(-(n_terminals + CLOSES) - 1, -1)
        for element in elements:
            if element.symbol < 0 and end >= 0:
                marked.insert(end, closing)
                end = -1
            if is_hole(element.symbol):
                if end < 0:
                    marked.append(_Element(-(n_terminals + opening) - 1, -1))
                end = len(marked) + 1
            marked.append(element)
        if end >= 0:
            marked.insert(end, closing)
        return marked

    def _alternatives(
        self, skeleton: Skeleton, elements: list[_Element], numbers: dict[int, int], borders: set[int], place: int
    ) -> list[Alternative]:
        """The motifs that may be taken instead of a piece."""
        node = elements[place].node
        alternatives = []
        for production in self._motifs.get(skeleton.ids[node], ()):
            if production == skeleton.pieces[node]:
                continue
            match = _Match(self, skeleton, self._segmenter.parts(production))
            if not match.covers(node) or not match.covered & borders or not match.open.issubset(skeleton.pieces):
                continue
            last = max(
                at
                for at in range(place, len(elements))
                if elements[at].node in match.covered or elements[at].node in match.filled
            )
            symbols: list[int] = []
            for symbol, owner in elements[place : last + 1]:
                if owner in match.filled:
                    symbols += match.filled[owner]
                elif owner not in match.covered:
                    symbols.append(self._numbered(numbers, symbol, owner))
            alternatives.append(Alternative(production, last + 1 - place, tuple(symbols)))
        return alternatives

    def _numbered(self, numbers: dict[int, int], symbol: int, node: int) -> int:
        return CHOICE + numbers[node] if node in numbers else symbol

    def written(self, production: int, parts: Iterator[int], spine: int) -> list[int] | None:
        """The symbols that a motif writes into a hole, from a base production on.

        Args:
            production: a base production.
            parts: the remaining parts of the motif; those in the hole are consumed.
            spine: the nonterminal of a segment; -1 for a whole derivation.

        Returns:
            The symbols; None if the motif would end the segment.
        """
        rhs = self._grammar.productions[production].rhs
        if spine >= 0 and (not rhs or rhs[-1] != self._grammar.nonterminals[spine]):
            return None
        symbols: list[int] = []
        for at, symbol in enumerate(rhs):
            if isinstance(symbol, str):
                symbols.append(self._codes[symbol])
                continue
            part = next(parts)
            is_spine = spine >= 0 and at == len(rhs) - 1
            if part == LEAF:
                symbols.append(SEGMENT + spine if is_spine else self._numbers[symbol])
                continue
            below = self.written(part, parts, spine if is_spine else -1)
            if below is None:
                return None
            symbols += below
        return symbols


class _Match:
    """A motif matched against a template.

    Args:
        builder: the grammar's form builder.
        skeleton: the template.
        parts: parts of the motif.

    Attributes:
        covered: fixed nodes inside the motif.
        open: fixed nodes at its leaves.
        filled: node of a hole -> the symbols that the motif writes into it.
    """

    def __init__(self, builder: FormBuilder, skeleton: Skeleton, parts: Sequence[int]) -> None:
        self._builder, self._skeleton, self._parts = builder, skeleton, iter(parts)
        self.covered: set[int] = set()
        self.open: set[int] = set()
        self.filled: dict[int, list[int]] = {}

    def covers(self, node: int) -> bool:
        """Whether the rest of the motif matches the template from a node on."""
        part = next(self._parts)
        symbol = self._skeleton.symbols[node]
        if part == LEAF:
            if symbol < 0:
                self.open.add(node)
            return True
        if symbol >= 0:
            written = self._builder.written(part, self._parts, symbol - SEGMENT if symbol >= SEGMENT else -1)
            if written is not None:
                self.filled[node] = written
            return written is not None
        if part != self._skeleton.ids[node]:
            return False
        self.covered.add(node)
        return all(self.covers(child) for child in self._skeleton.children[node])
