"""A grammar as integer arrays, for compiled code and a decoder's masks.

Shapes: P productions, N nonterminals, K terminals, W symbols in the longest right-hand side, R the largest number of
nonterminals on a right-hand side.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.grammar.symbols import Symbol

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
        rhs: (P, W) int32, right-hand sides: nonterminal k as k, terminal t as -(t + 1), padded with `NONE`.
        rhs_length: (P,) int32, number of symbols in each right-hand side.
        children: (P, R) int32, nonterminals of each right-hand side, left to right, padded with -1.
        n_children: (P,) int32, number of nonterminals in each right-hand side.
        shortest: (N,) int64, productions in the shortest completion of each nonterminal; `UNREACHED` without one.
        shortest_production: (P,) int64, 1 + the shortest completions of its children; `UNREACHED` without one.
        usable: (P,) bool, whether some derivation of some string uses the production.
        mask: (N, P) bool, the usable productions that expand each nonterminal.
        nullable: (N,) bool, whether a nonterminal derives the empty string.
        empty: (N,) int32, the production that starts its empty derivation of least height; -1 without one.
        cycle_steps: (steps, 3) int32, steps by which a nonterminal derives itself and nothing else: production,
            position in its right-hand side, and the nonterminal there; sorted by left-hand side, production, position.
        first: (N + K, K + 2) bool, the FIRST sets: whether a string derived from a symbol can begin with a terminal;
            row k for nonterminal k, row -(t + 1) for terminal t. Column K, the end of the text, is False; column K + 1,
            which stands for any terminal, is True.
        follow: (N, K + 2) bool, the FOLLOW sets: whether a terminal can follow a nonterminal in a sentential form;
            columns as in `first`, including the end of the text.
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
    cycle_steps: np.ndarray
    first: np.ndarray
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
        steps = [(p, place, codes[productions[p].rhs[place]]) for p, place in analysis.cycle_steps]
        steps.sort(key=lambda step: (lhs[step[0]], *step))
        rules = [(numbers[p.lhs], [codes[symbol] for symbol in p.rhs]) for p in productions if usable[p.id]]
        first = _first_sets(rules, nullable, len(grammar.terminals))
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
            cycle_steps=np.array(steps, np.int32).reshape(-1, 3),
            first=first,
            follow=_follow_sets(rules, nullable, first, numbers[grammar.start]),
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


_Rule = tuple[int, list[int]]  # left-hand side and right-hand side of a usable production, as in the tables


def _first_sets(rules: list[_Rule], nullable: np.ndarray, n_terminals: int) -> np.ndarray:
    """FIRST sets of all symbols; see `Tables.first`."""
    first = np.zeros((len(nullable) + n_terminals, n_terminals + 2), bool)
    terminals = np.arange(n_terminals)
    first[-(terminals + 1), terminals] = True
    nothing = np.zeros(n_terminals + 2, bool)
    for lhs, rhs in _until_settled(first, rules):
        behind = nothing
        for symbol in reversed(rhs):
            behind = _before(symbol, behind, nullable, first)
        first[lhs] |= behind
    first[:, -1] = True
    return first


def _follow_sets(rules: list[_Rule], nullable: np.ndarray, first: np.ndarray, start: int) -> np.ndarray:
    """FOLLOW sets of the nonterminals; see `Tables.follow`."""
    follow = np.zeros((len(nullable), first.shape[1]), bool)
    follow[start, -2] = True
    for lhs, rhs in _until_settled(follow, rules):
        behind = follow[lhs]
        for symbol in reversed(rhs):
            if symbol >= 0:
                follow[symbol] |= behind
            behind = _before(symbol, behind, nullable, first)
    follow[:, -1] = True
    return follow


def _before(symbol: int, behind: np.ndarray, nullable: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The FIRST set of a symbol that is followed by something with the FIRST set `behind`."""
    return first[symbol] | behind if symbol >= 0 and nullable[symbol] else first[symbol]


def _until_settled(marks: np.ndarray, rules: list[_Rule]) -> Iterator[_Rule]:
    """Yields the rules again and again until a pass adds no mark, in alternating order: dependencies run both ways."""
    before = -1
    while before != (before := int(marks.sum())):
        yield from rules
        rules = rules[::-1]
