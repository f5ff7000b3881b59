"""Decides whether longest match tokenizes every string of a language as its derivation does.

It does unless, at some terminal of a derivation, the text can continue so that a longer terminal matches: 'a' and 'ab'
overlap where a 'b' can follow the 'a'. What can follow is computed from the grammar: the terminals that are adjacent in
some derivation.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.grammar.symbols import Nonterminal, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


class Overlap(NamedTuple):
    """A terminal after which the text can continue so that a longer one matches.

    Attributes:
        terminal: the terminal in a derivation.
        longer: the terminal that longest match finds instead.
    """

    terminal: str
    longer: str


def overlap(grammar: "Grammar") -> Overlap | None:
    """A pair of terminals that longest match can confuse in strings of the language; None if there is none."""
    terminals = set(grammar.terminals)
    pairs = [
        Overlap(longer[:n], longer) for longer in terminals for n in range(1, len(longer)) if longer[:n] in terminals
    ]
    if not pairs:
        return None
    after = cache(_Neighbors(grammar).after)
    for pair in sorted(pairs):
        if _can_spell(after, pair.terminal, pair.longer[len(pair.terminal) :]):
            return pair
    return None


class _Neighbors:
    """Which terminals can directly follow a terminal in a derivation of the language."""

    def __init__(self, grammar: "Grammar") -> None:
        self._terminals = grammar.terminals
        tables, analysis = grammar.tables, grammar.analysis
        symbols = (*grammar.nonterminals, *reversed(grammar.terminals))
        first = dict(zip(symbols, tables.first[:, : len(self._terminals)], strict=True))
        self._after: dict[Symbol, np.ndarray] = {}  # the terminals that can follow a symbol within a production
        ends: dict[Symbol, set[Nonterminal]] = {}  # left-hand sides of productions that can end with a symbol
        for production in grammar.productions:
            if not analysis.is_usable(production):
                continue
            behind = np.zeros(len(self._terminals), bool)
            is_last = True
            for symbol in reversed(production.rhs):
                self._after[symbol] = self._after.get(symbol, False) | behind
                if is_last:
                    ends.setdefault(symbol, set()).add(production.lhs)
                vanishes = symbol in analysis.empty
                behind = first[symbol] | behind if vanishes else first[symbol]
                is_last &= vanishes
        self._ends = ends

    def after(self, terminal: str) -> list[str]:
        """The terminals that can directly follow one."""
        followers = np.zeros(len(self._terminals), bool)
        todo: list[Symbol] = [terminal]
        seen = set(todo)
        for symbol in todo:
            followers |= self._after.get(symbol, False)
            todo += self._ends.get(symbol, set()) - seen
            seen |= self._ends.get(symbol, set())
        return [self._terminals[number] for number in np.flatnonzero(followers)]


def _can_spell(neighbors: Callable[[str], list[str]], terminal: str, rest: str) -> bool:
    """Whether some sequence of terminals after a terminal can begin with a text."""
    seen = {(terminal, rest)}
    todo = [(terminal, rest)]
    while todo:
        last, rest = todo.pop()
        for after in neighbors(last):
            if after.startswith(rest):
                return True
            going_on = after, rest[len(after) :]
            if rest.startswith(after) and going_on not in seen:
                seen.add(going_on)
                todo.append(going_on)
    return False
