"""The labels that each production writes: they determine a derivation's open obligations without the automaton.

Writing a label creates or discharges an obligation, as a ring bond's number in SMILES opens or closes the ring bond. An
obligation is therefore open if its label has been written an odd number of times: a running parity over productions.
"""

import numpy as np

from grae.constraints.automaton import BEGIN, CONTEXT, NONTERMINAL, Automaton
from grae.constraints.constraint import automaton_of
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal

Context = tuple[int, ...]
Labels = tuple[int, ...]


def written_labels(grammar: Grammar) -> np.ndarray:
    """Whether each production writes a label an odd number of times, (P, L) bool, L the labels that can be tracked.

    The labels that a production writes may depend on its context, as the meaning of a digit does in `C1`, `[NH3+]` and
    `C%13`. Such a production is not counted; and if it can write a label by itself, as in `C1`, the label is omitted
    altogether, so that the parity of the remaining ones is correct.

    Returns:
        One column per label; none if the language has no automaton.
    """
    productions = grammar.productions
    automaton = automaton_of(grammar)
    if automaton is None:
        return np.zeros((len(productions), 0), bool)
    odd = np.zeros((len(productions), len(automaton.labels)), bool)
    known = np.ones(len(automaton.labels), bool)
    walk = _Walk(grammar, automaton)
    for production, readings in walk.readings().items():
        if len({labels for _, labels in readings}) == 1:
            for label in next(iter(readings))[1]:
                odd[production, label] ^= True
        else:
            by_itself = [label for context, labels in readings if context == walk.begin for label in labels]
            known[by_itself] = False
    return odd[:, odd.any(axis=0) & known]


class _Walk:
    """Traverses a grammar and reads each production in each of its possible contexts.

    Args:
        grammar: a grammar with or without motifs.
        automaton: the automaton of its language.
    """

    def __init__(self, grammar: Grammar, automaton: Automaton) -> None:
        self.grammar, self.automaton = grammar, automaton
        self.numbers = {terminal: number for number, terminal in enumerate(grammar.terminals)}
        self.state = np.zeros(automaton.size, np.int32)
        automaton.start(automaton.tables, self.state)
        self.begin = self._read((0,) * CONTEXT, BEGIN)[0]
        self.ways: dict[Nonterminal, list[int]] = {}
        for production in grammar.productions:
            self.ways.setdefault(production.lhs, []).append(production.id)

    def readings(self) -> dict[int, set[tuple[Context, Labels]]]:
        """The labels that each production writes itself, in order, in each possible context."""
        todo = [(self.grammar.start, self.begin)]
        seen = set(todo)
        readings_of: dict[int, set[tuple[Context, Labels]]] = {}
        while todo:
            nonterminal, context = todo.pop()
            for way in self.ways.get(nonterminal, []):
                labels, places = self._through(way, context)
                readings_of.setdefault(way, set()).update((context, written) for written in labels)
                todo += places - seen
                seen |= places
        return readings_of

    def _through(self, production: int, context: Context) -> tuple[set[Labels], set[tuple[Nonterminal, Context]]]:
        """The labels that a production may write from a context, and its nonterminals with their contexts."""
        branches: set[tuple[Context, Labels]] = {(context, ())}
        places: set[tuple[Nonterminal, Context]] = set()
        for symbol in self.grammar.productions[production].rhs:
            after: set[tuple[Context, Labels]] = set()
            for now, labels in branches:
                if isinstance(symbol, Nonterminal):
                    places.add((symbol, now))
                    after |= {(self._read(now, number)[0], labels) for number in self._instead_of(symbol)}
                else:
                    then, label = self._read(now, self.numbers[symbol])
                    after.add((then, labels if label < 0 else (*labels, label)))
            branches = after
        return {labels for _, labels in branches}, places

    def _instead_of(self, nonterminal: Nonterminal) -> list[int]:
        """The terminals that a nonterminal derives, if each is a single one; else a placeholder for any string."""
        sides = [self.grammar.productions[way].rhs for way in self.ways.get(nonterminal, [])]
        if sides and all(len(rhs) == 1 and isinstance(rhs[0], str) for rhs in sides):
            return [self.numbers[rhs[0]] for rhs in sides if isinstance(rhs[0], str)]
        return [NONTERMINAL]

    def _read(self, context: Context, number: int) -> tuple[Context, int]:
        """The context after a terminal, and the label that it completes, or -1."""
        now = np.array(context, np.int32)
        label = int(self.automaton.pending(self.automaton.tables, self.state, now, number))
        return tuple(now.tolist()), label
