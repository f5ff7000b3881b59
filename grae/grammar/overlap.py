"""Whether longest match cuts every string of a language where its derivation does.

It does unless, after some terminal of a derivation, the text continues so that a longer terminal fits there: 'a' and
'ab' overlap where a 'b' can follow the 'a'. What can follow is read off the grammar: which terminals stand beside each
other in some derivation.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.grammar.symbols import Nonterminal, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


class Overlap(NamedTuple):
    """A terminal behind which the text can continue so that a longer one fits.

    Attributes:
        terminal: the one that a derivation has.
        longer: the one that longest match finds in its place.
    """

    terminal: str
    longer: str


def overlap(grammar: "Grammar") -> Overlap | None:
    """A pair of terminals that longest match can confuse in strings of the language; None where there is none."""
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
    """Which terminals can come right after a terminal in a derivation of the language."""

    def __init__(self, grammar: "Grammar") -> None:
        self._terminals = grammar.terminals
        tables, analysis = grammar.tables, grammar.analysis
        symbols = (*grammar.nonterminals, *reversed(grammar.terminals))
        first = dict(zip(symbols, tables.first[:, : len(self._terminals)], strict=True))
        self._after: dict[
            Symbol, np.ndarray
        ] = {}  # the terminals that come after what a symbol derives, in its production
        ends: dict[Symbol, set[Nonterminal]] = {}  # the left-hand sides whose strings can end where the symbol's end
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
        """The terminals that can come right after one."""
        followers = np.zeros(len(self._terminals), bool)
        todo: list[Symbol] = [terminal]
        seen = set(todo)
        for symbol in todo:
            followers |= self._after.get(symbol, False)
            todo += self._ends.get(symbol, set()) - seen
            seen |= self._ends.get(symbol, set())
        return [self._terminals[number] for number in np.flatnonzero(followers)]


def _can_spell(neighbors: Callable[[str], list[str]], terminal: str, rest: str) -> bool:
    """Whether the terminals behind one can begin with a text."""
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
