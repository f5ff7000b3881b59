"""A grammar with its language's automaton: all that a decoder needs to write only strings of the language."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from grae.constraints.automaton import CONTEXT, Automaton
from grae.constraints.completions import MOST_OBLIGATIONS, Completions, completions_of
from grae.constraints.packing import FRAME, PLAN, packed
from grae.constraints.plain import PlainAutomaton
from grae.constraints.planning import MOST_FRAMES, Workspace, find_plan
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.sentential import Choices, n_segments

MOST_ROOM = 1024  # maximum capacity of an automaton, such as atoms
NO_CHOICES = Choices.of([])


def automaton_of(grammar: Grammar, room: int = 1) -> Automaton | None:
    """The automaton of a grammar's language for its terminals; None if the language has none.

    Args:
        grammar: a grammar with or without motifs.
        room: maximum number of characters of a string; 1 suffices for properties that do not depend on strings.
    """
    make = grammar.language.automaton
    if isinstance(make, PlainAutomaton):
        return make.of(grammar)
    return None if make is None else make(grammar.terminals, room)


class Rules(NamedTuple):
    """A grammar as flat int32 arrays; P productions, N nonterminals.

    Attributes:
        rhs: symbols of all right-hand sides, concatenated.
        rhs_from: (P + 1,) their offsets by production.
        lhs: (P,) left-hand side of each production.
        ways: usable productions of each nonterminal.
        ways_from: (N + 1,) their offsets by nonterminal.
        shortest: (N,) productions in the shortest completion.
        terminals: (1,) number of terminals.
    """

    rhs: np.ndarray
    rhs_from: np.ndarray
    lhs: np.ndarray
    ways: np.ndarray
    ways_from: np.ndarray
    shortest: np.ndarray
    terminals: np.ndarray

    @classmethod
    def of(cls, grammar: Grammar) -> "Rules":
        """The grammar's tables, without padding."""
        tables = grammar.tables
        filled = np.arange(tables.rhs.shape[1]) < tables.rhs_length[:, None]
        return cls(
            tables.rhs[filled],
            np.cumsum([0, *tables.rhs_length]),
            tables.lhs,
            np.nonzero(tables.mask)[1],
            np.cumsum([0, *tables.mask.sum(axis=1)]),
            tables.shortest,
            np.array([len(grammar.terminals)]),
        )


def workspace_for(size: int, rules: Rules, completions: Completions, height: int, max_length: int) -> Workspace:
    """A workspace for the given state size, stack height and plan length."""
    longest = int(np.diff(completions.items_from).max()) + MOST_OBLIGATIONS * int(
        np.diff(completions.labeled_from).max(initial=0)
    )
    depth = longest * int(np.diff(rules.rhs_from).max()) + 1
    n_labels = int(completions.n_labels[0])
    counts = (FRAME * MOST_FRAMES, height + 1, 2 * height, n_labels + height, CONTEXT, depth, max_length + 1)
    space = packed([np.zeros(max(1, count), np.int32) for count in counts])
    return Workspace(np.zeros((1 + MOST_FRAMES) * size, np.int32), space)


class Start(NamedTuple):
    """The initial configuration of a derivation.

    Attributes:
        stack: (H,) int32, symbols, of which `height` are in use.
        height: number of symbols.
        state: (size,) int32, state of the automaton.
        plan: productions that complete the derivation, including the empty production where a segment ends.
        room: maximum number of entries of a plan.
    """

    stack: np.ndarray
    height: int
    state: np.ndarray
    plan: np.ndarray
    room: int


class Constraint:
    """A language's rules beyond its grammar, for derivations of limited length.

    Args:
        grammar: a grammar with or without motifs.
        automaton: the language's automaton for the terminals of this grammar.
        max_length: maximum number of productions of a derivation.
        completions: the completions of grammar and language, if already computed.

    Attributes:
        grammar: as given.
        automaton: as given.
        max_length: as given.
        program: the grammar's tables and its completions, packed, without choices.
        first: initial configuration for the start symbol.

    Raises:
        SettingsError: no plan is found from the start symbol.
    """

    def __init__(
        self, grammar: Grammar, automaton: Automaton, max_length: int, completions: Completions | None = None
    ) -> None:
        self.grammar, self.automaton, self.max_length = grammar, automaton, max_length
        self._rules, self._completions = Rules.of(grammar), completions or completions_of(grammar, automaton)
        self.program = self.program_with(NO_CHOICES)
        first = self.started([grammar.tables.start], self.program)
        if first is None:
            raise SettingsError(
                f"no string of grammar {self.grammar.name!r} with at most {self.max_length} productions is found that "
                "keeps the rules of its language",
                remedy="allow longer derivations, or decode with constraints='grammar'",
            )
        self.first = first

    @property
    def height(self) -> int:
        """Maximum height of a stack of the pushdown automaton."""
        return 1 + self.max_length * max(0, self.grammar.tables.rhs.shape[1] - 1) + 1

    def workspace(self, height: int, length: int) -> Workspace:
        """A workspace for one thread, for stacks and plans of the given sizes."""
        return workspace_for(self.automaton.size, self._rules, self._completions, height, length)

    def program_with(self, choices: Choices) -> np.ndarray:
        """All constants of a search, as one vector."""
        return packed([*self._rules, *self._completions, *choices])

    def started(self, symbols: list[int], program: np.ndarray) -> Start | None:
        """The initial configuration of a derivation; None if no plan is found.

        Args:
            symbols: the sentential form that it starts from, left to right.
            program: the constants of a search, with the choices of the form.
        """
        automaton = self.automaton
        room = self.max_length + n_segments(symbols)
        stack = np.zeros(self.height + len(symbols) - 1, np.int32)
        state = np.zeros(automaton.size, np.int32)
        automaton.start(automaton.tables, state)
        first = next(at for at, symbol in enumerate(symbols) if symbol >= 0)
        if not all(automaton.consume(automaton.tables, state, -symbol - 1) for symbol in symbols[:first]):
            return None
        height = len(symbols) - first
        stack[:height] = symbols[first:][::-1]
        workspace = self.workspace(len(stack), room)
        workspace.states[: automaton.size] = state
        arguments: tuple[Any, ...] = (
            *automaton.planning,
            automaton.tables,
            program,
            workspace,
            stack,
            height,
            automaton.size,
            room,
        )
        n = find_plan(*arguments)
        if n < 0:
            return None
        begin = workspace.space[PLAN]
        return Start(stack, height, state, workspace.space[begin : begin + n].copy(), room)


@lru_cache(maxsize=4)
def constraint_of(grammar: Grammar, max_length: int, *, filling: bool = False) -> Constraint | None:
    """The constraint of the language on a grammar's derivations; None if the language has no automaton.

    Args:
        grammar: a grammar with or without motifs.
        max_length: maximum number of productions of a derivation.
        filling: whether derivations start from forms with marked holes, which must not stay empty.

    Raises:
        SettingsError: no string of the language is that short.
    """
    written = (sum(len(symbol.encode()) for symbol in p.rhs if isinstance(symbol, str)) for p in grammar.productions)
    room = min(MOST_ROOM, max_length * max(written))
    automaton = automaton_of(grammar, room)
    return None if automaton is None else Constraint(grammar, automaton, max_length, _completions(grammar, filling))


@lru_cache(maxsize=4)
def _completions(grammar: Grammar, filling: bool) -> Completions | None:
    """The completions, independent of the maximum length; None if the language has no automaton."""
    automaton = automaton_of(grammar)
    return None if automaton is None else completions_of(grammar, automaton, filling=filling)
