"""A grammar as integer arrays: what compiled code and a decoder's masks read.

Shapes: P productions, N nonterminals, K terminals, W symbols in the longest right-hand side, R nonterminals in the
fullest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.grammar.symbols import Nonterminal, Production, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

NONE = np.iinfo(np.int32).min
UNREACHED = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Tables:
    """The arrays; all C-contiguous and read-only.

    Attributes:
        start: the start symbol's number among the nonterminals.
        lhs: (P,) int32, the nonterminal that each production expands.
        rhs: (P, W) int32, right-hand sides: nonterminal k as k, terminal t as -(t + 1), filled up with `NONE`.
        rhs_length: (P,) int32, symbols in each right-hand side.
        children: (P, R) int32, nonterminals of each right-hand side from left to right, filled up with -1.
        n_children: (P,) int32.
        shortest: (N,) int64, productions in the shortest completion of each nonterminal; `UNREACHED` without one.
        shortest_production: (P,) int64, 1 + the shortest completions of its children; `UNREACHED` where there is none.
        usable: (P,) bool, whether some derivation of some string uses the production.
        mask: (N, P) bool, the usable productions that expand each nonterminal.
        nullable: (N,) bool, whether a nonterminal derives the empty string.
        empty: (N,) int32, the production that starts its empty derivation of least height; -1 where there is none.
        on_cycle: (P,) bool, whether a nonterminal derives itself and nothing more through the production.
        first: (P, K + 2) bool, whether a production can be used before a terminal; column K is the end of the text,
            column K + 1 stands for any terminal and is True throughout for usable productions.
        begins: (N, K + 2) bool, whether a string of a nonterminal can begin with a terminal; column K is False, column
            K + 1 True throughout.
        follow: (N, K + 2) bool, whether a terminal can come after what a nonterminal derives; columns as in `first`.
    """

    start: int
    lhs: np.ndarray
    rhs: np.ndarray
    rhs_length: np.ndarray
    children: np.ndarray
    n_children: np.ndarray
    shortest: np.ndarray
    shortest_production: np.ndarray
    usable: np.ndarray
    mask: np.ndarray
    nullable: np.ndarray
    empty: np.ndarray
    on_cycle: np.ndarray
    first: np.ndarray
    begins: np.ndarray
    follow: np.ndarray

    @classmethod
    def of(cls, grammar: "Grammar") -> "Tables":
        """Computes the tables of a grammar."""
        analysis = grammar.analysis
        productions = grammar.productions
        numbers = {nonterminal: number for number, nonterminal in enumerate(grammar.nonterminals)}
        codes: dict[Symbol, int] = {**numbers, **{terminal: -(t + 1) for t, terminal in enumerate(grammar.terminals)}}

        lhs = np.array([numbers[p.lhs] for p in productions], np.int32)
        rhs = _ragged([[codes[symbol] for symbol in p.rhs] for p in productions], NONE)
        children = _ragged([[numbers[child] for child in p.children] for p in productions], -1)
        usable = np.array([analysis.is_usable(p) for p in productions])
        mask = (np.arange(len(numbers))[:, None] == lhs) & usable
        nullable = np.array([nonterminal in analysis.empty for nonterminal in numbers])
        first, begins, follow = _look_ahead(grammar, numbers, usable, nullable)
        tables = cls(
            start=numbers[grammar.start],
            lhs=lhs,
            rhs=rhs,
            rhs_length=np.array([len(p.rhs) for p in productions], np.int32),
            children=children,
            n_children=np.array([len(p.children) for p in productions], np.int32),
            shortest=np.array([analysis.shortest.get(n, UNREACHED) for n in numbers], np.int64),
            shortest_production=np.array([analysis.completion(p) or UNREACHED for p in productions], np.int64),
            usable=usable,
            mask=mask,
            nullable=nullable,
            empty=np.array([analysis.empty.get(n, -1) for n in numbers], np.int32),
            on_cycle=np.array([p.id in analysis.cyclic for p in productions]),
            first=first,
            begins=begins,
            follow=follow,
        )
        for name in cls.__slots__:
            if isinstance(array := getattr(tables, name), np.ndarray):
                array.setflags(write=False)
        return tables


def _ragged(rows: list[list[int]], fill: int) -> np.ndarray:
    """Rows of different lengths as one (rows, longest) int32 array; at least one column."""
    table = np.full((len(rows), max(1, *map(len, rows), 0)), fill, np.int32)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table


def _look_ahead(
    grammar: "Grammar", numbers: dict[Nonterminal, int], usable: np.ndarray, nullable: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LL(1) select sets of the productions, FIRST and FOLLOW sets of the nonterminals, over the usable productions."""
    n_terminals = len(grammar.terminals)
    end, anything = n_terminals, n_terminals + 1
    columns = {terminal: column for column, terminal in enumerate(grammar.terminals)}
    productions = [p for p in grammar.productions if usable[p.id]]
    begins = np.zeros((len(numbers), n_terminals + 2), bool)  # FIRST of each nonterminal
    follow = np.zeros_like(begins)
    follow[numbers[grammar.start], end] = True

    def ahead_of(symbol: Symbol, behind: np.ndarray) -> np.ndarray:
        """What can stand first where a symbol stands, before something else."""
        if isinstance(symbol, str):
            ahead = np.zeros(n_terminals + 2, bool)
            ahead[columns[symbol]] = True
            return ahead
        number = numbers[symbol]
        return begins[number] | behind if nullable[number] else begins[number]

    def select(production: Production, behind: np.ndarray) -> np.ndarray:
        for symbol in reversed(production.rhs):
            behind = ahead_of(symbol, behind)
        return behind

    nothing = np.zeros(n_terminals + 2, bool)
    for some in _until_settled(begins, productions):
        for production in some:
            begins[numbers[production.lhs]] |= select(production, nothing)
    for some in _until_settled(follow, productions):
        for production in some:
            behind = follow[numbers[production.lhs]]
            for symbol in reversed(production.rhs):
                if isinstance(symbol, Nonterminal):
                    follow[numbers[symbol]] |= behind
                behind = ahead_of(symbol, behind)

    first = np.zeros((grammar.n_productions, n_terminals + 2), bool)
    for production in productions:
        first[production.id] = select(production, follow[numbers[production.lhs]])
    first[usable, anything] = True
    begins[:, anything] = True
    follow[:, anything] = True
    return first, begins, follow


def _until_settled(marks: np.ndarray, productions: list[Production]) -> Iterator[list[Production]]:
    """The productions again and again until a pass adds no mark; in turns from either end, for chains go either way."""
    before = -1
    while before != (before := int(marks.sum())):
        yield productions
        productions = productions[::-1]
