"""Finds the ambiguous strings of a grammar, each with two of its derivations.

The parser returns one derivation per string by a fixed rule (see `parser`): at each nonterminal the lowest-numbered
production, then, from the right, the shortest spans. A second parser, with the productions in reverse order, prefers
the highest-numbered; a third, on the mirrored grammar and string, the shortest spans from the left. The grammar is
binarized first, so that wherever a span can be split in several ways, the leftmost and the rightmost split differ. A
string is then ambiguous if and only if the second or the third parser disagrees with the first: at the topmost node
where two of its parse trees differ, they differ in the production, which the second parser detects, or only in the
spans, which the third detects. The exception is the empty string derived in several ways; for that, `empty_twice`
examines the productions.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import count
from typing import NamedTuple

import numpy as np

from grae.grammar.cfg import Grammar
from grae.grammar.codec import IN_NO_LANGUAGE
from grae.grammar.symbols import Nonterminal, Production, Symbol


class Twice(NamedTuple):
    """A string with two derivations.

    Attributes:
        text: the string.
        first: the parser's derivation, (T,) production ids.
        second: another one, (T',).
    """

    text: str
    first: np.ndarray
    second: np.ndarray


class Ambiguity:
    """Finds second derivations of strings.

    Args:
        grammar: any grammar; motifs are disregarded.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar.plain
        self._pairs = _in_pairs(self.grammar)

    @cached_property
    def empty_twice(self) -> tuple[Nonterminal, ...]:
        """Nonterminals with more than one usable production that derives the empty string."""
        empty = self.grammar.analysis.empty
        ways = [
            production.lhs
            for production in self.grammar.productions
            if self.grammar.analysis.is_usable(production) and all(symbol in empty for symbol in production.rhs)
        ]
        return tuple(dict.fromkeys(lhs for place, lhs in enumerate(ways) if lhs in ways[:place]))

    def second(self, texts: Sequence[str]) -> list[Twice | None]:
        """Two derivations of each string; None for strings with one derivation or none.

        Derivations that differ only in how a nonterminal derives the empty string may be missed.

        Args:
            texts: strings, of the language or not.
        """
        first = self._parsed(texts)
        found: list[Twice | None] = [None] * len(texts)
        for others in (self._opposite(texts), self._mirrored(texts)):
            for row, (one, other) in enumerate(zip(first, others, strict=True)):
                if found[row] is None and one is not None and other is not None and one != other:
                    dtype = self.grammar.dtype
                    found[row] = Twice(texts[row], np.array(one, dtype), np.array(other, dtype))
        return found

    def _parsed(self, texts: Sequence[str]) -> list[list[int] | None]:
        """The parser's derivations, in production ids of the grammar."""
        n = self.grammar.n_productions
        return [
            None if ids is None else [number for number in ids if number < n]
            for ids in _derivations(self._pairs, texts)
        ]

    def _opposite(self, texts: Sequence[str]) -> list[list[int] | None]:
        """Derivations that prefer the highest-numbered productions."""
        last = self._pairs.n_productions - 1
        n = self.grammar.n_productions
        return [
            None if ids is None else [last - number for number in ids if last - number < n]
            for ids in _derivations(self._reversed, texts)
        ]

    def _mirrored(self, texts: Sequence[str]) -> list[list[int] | None]:
        """Derivations that prefer the shortest spans from the left."""
        n = self.grammar.n_productions
        children = [len(production.children) for production in self._pairs.productions]
        return [
            None if ids is None else [number for number in _mirrored_back(ids, children) if number < n]
            for ids in _derivations(self._mirror, [text[::-1] for text in texts])
        ]

    @cached_property
    def _reversed(self) -> Grammar:
        return _like(self._pairs, [(p.lhs, p.rhs) for p in reversed(self._pairs.productions)])

    @cached_property
    def _mirror(self) -> Grammar:
        productions = [
            (p.lhs, tuple(symbol if isinstance(symbol, Nonterminal) else symbol[::-1] for symbol in reversed(p.rhs)))
            for p in self._pairs.productions
        ]
        return _like(self._pairs, productions, mirrored=True)


def _in_pairs(grammar: Grammar) -> Grammar:
    """The binarized grammar, at most two symbols per right-hand side; the original productions keep their numbers."""
    used = {nonterminal.name for nonterminal in grammar.nonterminals}
    fresh = (Nonterminal(name) for number in count() if (name := f"_{number}") not in used)
    begun: list[tuple[Nonterminal, tuple[Symbol, ...]]] = []
    rest: list[tuple[Nonterminal, tuple[Symbol, ...]]] = []
    for production in grammar.productions:
        lhs, rhs, target = production.lhs, production.rhs, begun
        while len(rhs) > 2:
            tail = next(fresh)
            target.append((lhs, (rhs[0], tail)))
            lhs, rhs, target = tail, rhs[1:], rest
        target.append((lhs, rhs))
    return _like(grammar, [*begun, *rest])


def _like(
    grammar: Grammar, productions: Sequence[tuple[Nonterminal, tuple[Symbol, ...]]], *, mirrored: bool = False
) -> Grammar:
    separator = grammar.separator[::-1] if mirrored else grammar.separator
    numbered = [Production(number, lhs, rhs) for number, (lhs, rhs) in enumerate(productions)]
    return Grammar(grammar.name, numbered, grammar.start, ignore=grammar.ignore, separator=separator)


def _derivations(grammar: Grammar, texts: Sequence[str]) -> list[list[int] | None]:
    parsed = grammar.parser.parse_batch([text if isinstance(text, str) else IN_NO_LANGUAGE for text in texts])
    ids, offsets = parsed.ids.tolist(), parsed.offsets.tolist()
    return [ids[offsets[row] : offsets[row + 1]] if ok else None for row, ok in enumerate(parsed.ok.tolist())]


def _mirrored_back(ids: Sequence[int], children: Sequence[int]) -> list[int]:
    """Converts a derivation of the mirrored grammar to a leftmost derivation of the original.

    Args:
        ids: production ids of the mirrored derivation.
        children: number of nonterminals on each right-hand side, by production.
    """
    sizes = [1] * len(ids)  # productions in the subtree rooted at each step
    below: list[list[int]] = [[] for _ in ids]  # steps of the children of each step
    waiting: list[int] = []
    for step in range(len(ids) - 1, -1, -1):
        for _ in range(children[ids[step]]):
            below[step].append(waiting.pop())
        sizes[step] += sum(sizes[child] for child in below[step])
        waiting.append(step)
    order, todo = [], [0]
    while todo:
        step = todo.pop()
        order.append(ids[step])
        todo += below[step]  # in mirrored order, so that the leftmost child of the original is popped first
    return order
