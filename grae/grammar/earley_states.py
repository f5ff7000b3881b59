"""A grammar's dotted productions as integer tables: the states of the parser.

A state is a production with a dot in its right-hand side: the symbols before the dot have been recognized, those after
it are awaited. The tables give for each state the awaited symbol, the successor state, and, with one token of
look-ahead, whether the state can still succeed.

Productions by which a nonterminal derives itself and nothing else would give a string infinitely many derivations. To
exclude these, the later states of such a production are duplicated: the plain state covers every way to recognize the
symbols before the dot; its `twin` only those in which no single symbol that leads back to the left-hand side spans them
all. Only twins complete the production as itself; the plain final state completes it as `CYCLIC`, which ranks after all
productions.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from grae.grammar.tables import NONE

if TYPE_CHECKING:
    from grae.grammar.tables import Tables

DEAD = 0
OPENING = 1
CYCLIC = np.iinfo(np.int32).max


class EarleyStates(NamedTuple):
    """The tables: S states, K terminals, N nonterminals. State 0 is dead, state 1 awaits the start symbol.

    Attributes:
        awaited: (S,) int32, the symbol after the dot: nonterminal k as k, terminal t as -(t + 1), `NONE` at the end.
        after: (S,) int32, the successor state.
        after_empty: (S,) int32, the successor if the awaited symbol derives the empty string; dead if it cannot.
        twin: (S,) int32, the twin of a state; dead if it has none.
        leads_back: (S,) bool, whether the awaited symbol, alone, leads back to the left-hand side.
        slot: (S,) int32, number of each state that is not final; -1 for final states.
        n_slots: the number of such states.
        accepts: (S, K + 2) bool, whether the state can succeed before a terminal; column K is the end of the text,
            column K + 1 stands for any.
        lhs: (S,) int32, the left-hand side.
        completes: (S,) int32, the production that a final state completes, or `CYCLIC`.
        places: (S, 2) int32, the production of a state, and the position of the awaited symbol; -1 for none.
        predicted: initial states of productions, by nonterminal and next token.
        predicted_from: (N * (K + 2) + 1,) int32, offsets into `predicted`: the states of nonterminal n before token t
            begin at entry n * (K + 2) + t.
        cycle_from: (N + 1,) int32, where each nonterminal's steps back to itself begin.
        cycle_steps: (steps, 3) int32, production, position in its right-hand side, and the nonterminal there.
        rhs, rhs_length: as in the grammar's tables.
        nullable, empty: as in the grammar's tables.
    """

    awaited: np.ndarray
    after: np.ndarray
    after_empty: np.ndarray
    twin: np.ndarray
    leads_back: np.ndarray
    slot: np.ndarray
    n_slots: int
    accepts: np.ndarray
    lhs: np.ndarray
    completes: np.ndarray
    places: np.ndarray
    predicted: np.ndarray
    predicted_from: np.ndarray
    cycle_from: np.ndarray
    cycle_steps: np.ndarray
    rhs: np.ndarray
    rhs_length: np.ndarray
    nullable: np.ndarray
    empty: np.ndarray

    @classmethod
    def of(cls, tables: "Tables") -> "EarleyStates":
        """Builds the automaton of a grammar from its tables."""
        steps = tables.cycle_steps
        states = _States(tables, {(production, place) for production, place, _ in steps.tolist()})
        predicted, predicted_from = _predictions(states, tables)
        heads = tables.lhs[steps[:, 0]]
        return cls(
            **states.arrays(),
            predicted=predicted,
            predicted_from=predicted_from,
            cycle_from=np.searchsorted(heads, np.arange(len(tables.nullable) + 1)).astype(np.int32),
            cycle_steps=steps,
            rhs=tables.rhs,
            rhs_length=tables.rhs_length,
            nullable=tables.nullable,
            empty=tables.empty,
        )


class _States:
    """The states of all usable productions, a list per column."""

    def __init__(self, tables: "Tables", cycle: set[tuple[int, int]]) -> None:
        self.tables = tables
        self.columns: dict[str, list] = {
            name: []
            for name in (
                "awaited",
                "after",
                "after_empty",
                "twin",
                "leads_back",
                "lhs",
                "completes",
                "accepts",
                "places",
            )
        }
        self.first: dict[int, int] = {}  # production -> its state with the dot at the front
        width = tables.follow.shape[1]
        self._add(NONE, 0, -1, np.zeros(width, bool))
        self._add(tables.start, DEAD, -1, np.ones(width, bool))
        cyclic = {production for production, _ in cycle}
        for production in np.flatnonzero(tables.usable).tolist():
            places = {place for of, place in cycle if of == production} if production in cyclic else set()
            self._add_production(production, places)

    def arrays(self) -> dict[str, Any]:
        awaited = np.array(self.columns["awaited"], np.int32)
        inner = awaited != NONE
        slot = np.where(inner, np.cumsum(inner) - 1, -1)
        flags = {"leads_back": np.bool_, "accepts": np.bool_}
        arrays = {name: np.array(column, flags.get(name, np.int32)) for name, column in self.columns.items()}
        return {**arrays, "slot": slot.astype(np.int32), "n_slots": int(inner.sum())}

    def _add_production(self, production: int, back: set[int]) -> None:
        """Adds a production's states, from last to first, with their twins if it is on a cycle."""
        rhs = self.tables.rhs[production, : self.tables.rhs_length[production]].tolist()
        lhs = int(self.tables.lhs[production])
        follow = self.tables.follow[lhs]
        twin = self._add(NONE, DEAD, lhs, follow, completes=production) if back else DEAD
        state = self._add(NONE, DEAD, lhs, follow, completes=CYCLIC if back else production, twin=twin)
        vanishes = True  # whether everything after the dot is nullable
        for place in range(len(rhs) - 1, -1, -1):
            symbol = rhs[place]
            nullable = symbol >= 0 and bool(self.tables.nullable[symbol])
            accepts = self.tables.first[symbol]
            if nullable:
                accepts = accepts | self.columns["accepts"][state]
            vanishes &= nullable
            later, later_twin = state, twin
            twin = DEAD
            if back and vanishes and place > 0:
                # A twin is advanced over empty symbols only; over others, the plain state is, and its successor's
                # twin is added with it.
                twin = self._add(symbol, DEAD, lhs, accepts, after_empty=later_twin)
            state = self._add(
                symbol,
                later,
                lhs,
                accepts,
                after_empty=later if nullable else DEAD,
                twin=twin,
                leads_back=place in back,
                place=(production, place),
            )
        self.first[production] = state

    def _add(
        self,
        awaited: int,
        after: int,
        lhs: int,
        accepts: np.ndarray,
        *,
        after_empty: int = DEAD,
        twin: int = DEAD,
        leads_back: bool = False,
        completes: int = -1,
        place: tuple[int, int] = (-1, -1),
    ) -> int:
        row = dict(
            awaited=awaited,
            after=after,
            after_empty=after_empty,
            twin=twin,
            leads_back=leads_back,
            lhs=lhs,
            completes=completes,
            accepts=accepts,
            places=place,
        )
        for name, column in self.columns.items():
            column.append(row[name])
        return len(self.columns["awaited"]) - 1


def _predictions(states: _States, tables: "Tables") -> tuple[np.ndarray, np.ndarray]:
    """For each nonterminal and next token, the initial states of the productions that can apply there.

    Empty productions are omitted: an item that awaits a nullable nonterminal is advanced over it at once.
    """
    n_nonterminals, width = tables.follow.shape
    lists: list[list[int]] = [[] for _ in range(n_nonterminals * width)]
    for production, state in states.first.items():
        if tables.rhs_length[production]:
            for column in np.flatnonzero(states.columns["accepts"][state]).tolist():
                lists[int(tables.lhs[production]) * width + column].append(state)
    predicted_from = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    return np.array([state for some in lists for state in some], np.int32), predicted_from
