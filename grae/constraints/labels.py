"""Which labels each production writes: all that is needed to know, without the automaton, what a derivation owes.

To write a label makes a debt or settles it, as a ring bond's number in SMILES opens it or closes it. So a debt is open
where its label has been written an odd number of times, and a running sum over the productions so far tells.
"""

import numpy as np

from grae.constraints.automaton import BEGIN, CONTEXT, NONTERMINAL, Automaton
from grae.constraints.constraint import AUTOMATA
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal


def written_labels(grammar: Grammar) -> np.ndarray:
    """Whether each production writes a label an odd number of times, (P, L) bool, L the labels that any can write.

    Each production is read by itself: a label of several terminals that only several productions complete is not seen
    whole (the `1` and `2` of `%12` count as two labels where each digit has a production of its own).

    Returns:
        One column a label; none where the language has no automaton.
    """
    productions = grammar.productions
    if grammar.language not in AUTOMATA:
        return np.zeros((len(productions), 0), bool)
    automaton = AUTOMATA[grammar.language](grammar.terminals, 1)
    numbers = {terminal: number for number, terminal in enumerate(grammar.terminals)}
    odd = np.zeros((len(productions), len(automaton.labels)), bool)
    for row, production in enumerate(productions):
        symbols = (NONTERMINAL if isinstance(symbol, Nonterminal) else numbers[symbol] for symbol in production.rhs)
        for label in _labels(automaton, list(symbols)):
            odd[row, label] ^= True
    return odd[:, odd.any(axis=0)]


def _labels(automaton: Automaton, symbols: list[int]) -> list[int]:
    """The labels that symbols complete, in their order."""
    state, context = np.zeros(automaton.size, np.int32), np.zeros(CONTEXT, np.int32)
    automaton.start(automaton.tables, state)
    automaton.pending(automaton.tables, state, context, BEGIN)
    found = (int(automaton.pending(automaton.tables, state, context, symbol)) for symbol in symbols)
    return [label for label in found if label >= 0]
