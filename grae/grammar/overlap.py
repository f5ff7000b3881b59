"""Whether longest match cuts every string of a language where its derivation does.

It does unless, behind some terminal of a derivation, the text goes on so that a longer terminal fits there too: 'a' and
'ab' overlap where a 'b' can follow the 'a'. What can follow is read off the grammar: which terminals stand beside each
other in some derivation.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.grammar.symbols import Nonterminal, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


class Overlap(NamedTuple):
    """A terminal behind which the text can go on so that a longer one fits.

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
    beside = neighbors(grammar)
    for pair in sorted(pairs):
        if _can_spell(beside, pair.terminal, pair.longer[len(pair.terminal) :]):
            return pair
    return None


def neighbors(grammar: "Grammar") -> dict[str, list[str]]:
    """The terminals that can come right after each terminal in a derivation of the language."""
    numbers = {terminal: number for number, terminal in enumerate(grammar.terminals)}
    n = len(numbers)
    productions = [p for p in grammar.productions if grammar.analysis.is_usable(p)]
    empty = grammar.analysis.empty
    firsts = {nonterminal: np.zeros(n, bool) for nonterminal in grammar.nonterminals}
    lasts = {nonterminal: np.zeros(n, bool) for nonterminal in grammar.nonterminals}

    def ends(symbol: Symbol, known: dict[Nonterminal, np.ndarray]) -> np.ndarray:
        return known[symbol] if isinstance(symbol, Nonterminal) else np.arange(n) == numbers[symbol]

    for known, step in ((firsts, 1), (lasts, -1)):
        before = -1
        while before != (before := sum(int(marks.sum()) for marks in known.values())):
            for production in productions:
                for symbol in production.rhs[::step]:
                    known[production.lhs] |= ends(symbol, known)
                    if symbol not in empty:
                        break
    beside = np.zeros((n, n), bool)
    for production in productions:
        for place, symbol in enumerate(production.rhs):
            for after in production.rhs[place + 1 :]:
                beside |= np.outer(ends(symbol, lasts), ends(after, firsts))
                if after not in empty:
                    break
    return {terminal: [grammar.terminals[k] for k in np.flatnonzero(beside[i])] for terminal, i in numbers.items()}


def _can_spell(beside: dict[str, list[str]], terminal: str, rest: str) -> bool:
    """Whether the terminals behind one can begin with a text."""
    seen = {(terminal, rest)}
    todo = [(terminal, rest)]
    while todo:
        last, rest = todo.pop()
        for after in beside[last]:
            if after.startswith(rest):
                return True
            going_on = after, rest[len(after) :]
            if rest.startswith(after) and going_on not in seen:
                seen.add(going_on)
                todo.append(going_on)
    return False
