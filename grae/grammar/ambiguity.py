"""Which strings a grammar derives in more than one way, with two of their derivations.

The parser gives each string one derivation by a fixed rule (see `parser`): at each nonterminal the lowest production,
then, from the right, the shortest spans. A second parser, with the productions in the opposite order, prefers the
highest; a third, of the mirrored grammar and string, the shortest spans from the left. Right-hand sides are cut into
pairs first, so that a place with several spans has a least and a greatest that differ. Then a string has several
derivations if and only if one of the two gives another derivation than the first: at the topmost place where two of its
trees differ, they differ in the production, which the second parser finds, or in the spans alone, which the third
finds. What derives the empty string in several ways is the exception; for that, `empty_twice` looks at the productions.
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
        """Nonterminals that some string needs and that derive the empty string by more than one production."""
        empty = self.grammar.analysis.empty
        ways = [
            production.lhs
            for production in self.grammar.productions
            if self.grammar.analysis.is_usable(production) and all(symbol in empty for symbol in production.rhs)
        ]
        return tuple(dict.fromkeys(lhs for place, lhs in enumerate(ways) if lhs in ways[:place]))

    def second(self, texts: Sequence[str]) -> list[Twice | None]:
        """Two derivations of each string; None for one that has only one, or none.

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
        """Derivations by the highest productions instead of the lowest."""
        last = self._pairs.n_productions - 1
        n = self.grammar.n_productions
        return [
            None if ids is None else [last - number for number in ids if last - number < n]
            for ids in _derivations(self._reversed, texts)
        ]

    def _mirrored(self, texts: Sequence[str]) -> list[list[int] | None]:
        """Derivations with the shortest spans from the left."""
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
    """A grammar with at most two symbols per right-hand side; its first productions are those of the grammar."""
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
    """The leftmost derivation in the grammar itself of one in the mirrored grammar.

    Args:
        ids: production ids of the mirrored derivation.
        children: number of nonterminals on each right-hand side, by production.
    """
    sizes = [1] * len(ids)  # productions of the subtree that each step begins
    below: list[list[int]] = [[] for _ in ids]  # the steps of its children
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
        todo += below[step]  # the first of the mirrored children is the last
    return order
