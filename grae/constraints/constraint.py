"""A grammar with its language's automaton: all that a decoder needs to emit strings of the language alone."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from grae.constraints.automaton import Automaton
from grae.constraints.planning import OUT, Rules, Workspace, plan, program_of
from grae.constraints.recipes import recipes_of
from grae.errors import SettingsError
from grae.grammar import Grammar

MOST_ROOM = 1024  # atoms, say, that an automaton makes room for


def _smiles(terminals: Sequence[str], room: int) -> Automaton:
    from grae.constraints.smiles import automaton

    return automaton(terminals, room)


AUTOMATA: dict[str, Callable[[Sequence[str], int], Automaton]] = {"molecules": _smiles}


class Constraint:
    """A language's rules beyond its grammar, for derivations of a limited length.

    Args:
        grammar: with motifs or without.
        automaton: of the language, for this grammar's terminals.
        max_length: productions that a derivation may have at most.

    Attributes:
        grammar: as given.
        automaton: as given.
        max_length: as given.
        program: the grammar's tables and its recipes, packed.
        first_plan: a derivation from the start symbol.

    Raises:
        SettingsError: from the start symbol, no plan is found.
    """

    def __init__(self, grammar: Grammar, automaton: Automaton, max_length: int) -> None:
        self.grammar, self.automaton, self.max_length = grammar, automaton, max_length
        self._rules, self._recipes = Rules.of(grammar), recipes_of(grammar, automaton)
        self.program = program_of(self._rules, self._recipes)
        self.first_plan = self._first_plan()

    @property
    def height(self) -> int:
        """Symbols that a stack of the pushdown machine may hold."""
        return 1 + self.max_length * max(0, self.grammar.tables.rhs.shape[1] - 1) + 1

    def workspace(self) -> Workspace:
        """Room for one thread's searches."""
        return Workspace.of(self.automaton.size, self._rules, self._recipes, self.height, self.max_length)

    def _first_plan(self) -> np.ndarray:
        (states, space), automaton = self.workspace(), self.automaton
        automaton.start(automaton.tables, states[: automaton.size])
        stack = np.full(self.height, self.grammar.tables.start, np.int32)
        n = plan(
            *automaton.planning, automaton.tables, self.program, states, space, stack, 1, automaton.size, self.max_length
        )
        if n < 0:
            raise SettingsError(
                f"no string of grammar {self.grammar.name!r} with at most {self.max_length} productions is found that "
                f"keeps the rules of its language, {self.grammar.language}",
                remedy="allow longer derivations, or decode with constraints='grammar'",
            )
        return space[space[OUT] : space[OUT] + n].copy()


@lru_cache(maxsize=4)
def constraint_of(grammar: Grammar, max_length: int) -> Constraint | None:
    """The constraint of a grammar's language; None where it has no automaton.

    Raises:
        SettingsError: no string of the language is that short.
    """
    if grammar.language not in AUTOMATA:
        return None
    written = (sum(len(symbol.encode()) for symbol in p.rhs if isinstance(symbol, str)) for p in grammar.productions)
    room = min(MOST_ROOM, max_length * max(written))
    return Constraint(grammar, AUTOMATA[grammar.language](grammar.terminals, room), max_length)
