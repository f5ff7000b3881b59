"""A batch of derivations under a language automaton: the best allowed production of each, step by step.

Each row keeps a plan that completes it within the remaining length. A production is allowed if it expands the current
nonterminal, the automaton reads the terminals that it brings up, and there is a plan after it. The next production of the
row's own plan is so by its making: there is always one, and every derivation ends in a string of the language.
"""

from typing import NamedTuple

import numpy as np
from numba import float32, int64, njit, types, void

from grae.constraints.automaton import FUNCTIONS, VECTOR
from grae.constraints.constraint import Constraint
from grae.constraints.planning import OUT, REFUSED, WAYS, WAYS_FROM, expand, plan

ALLOWED = -1
_NUMBERS = int64[::1]
_START, _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING = FUNCTIONS


class _Rows(NamedTuple):
    """The derivations, one row each, as flat int32 arrays.

    Attributes:
        stacks: (B * H,) symbols.
        heights: (B,)
        states: (B * size,) of the automaton.
        plans: (B * length,) productions that complete the row.
        plans_from: (B,) where in the row the next of them stands.
    """

    stacks: np.ndarray
    heights: np.ndarray
    states: np.ndarray
    plans: np.ndarray
    plans_from: np.ndarray

    @classmethod
    def of(cls, constraint: Constraint, batch: int) -> "_Rows":
        automaton, height, length = constraint.automaton, constraint.height, constraint.max_length
        state = np.zeros(automaton.size, np.int32)
        automaton.start(automaton.tables, state)
        rows = cls(
            stacks=np.zeros((batch, height), np.int32),
            heights=np.ones(batch, np.int32),
            states=np.tile(state, batch),
            plans=np.zeros((batch, length), np.int32),
            plans_from=np.zeros(batch, np.int32),
        )
        rows.stacks[:, 0] = constraint.grammar.tables.start
        rows.plans[:, : len(constraint.first_plan)] = constraint.first_plan
        return rows._replace(stacks=rows.stacks.reshape(-1), plans=rows.plans.reshape(-1))


_ROWS = types.NamedUniTuple(VECTOR, len(_Rows._fields), _Rows)


class ConstrainedPushdown:
    """A batch of derivations from the start symbol on.

    Args:
        constraint: the language.
        batch: how many derivations, B.
    """

    def __init__(self, constraint: Constraint, batch: int) -> None:
        self._constraint = constraint
        self._height = constraint.height
        self._rows = _Rows.of(constraint, batch)
        self._workspace = constraint.workspace()
        self._going = np.arange(batch)  # the rows that are not done
        self._remaining = constraint.max_length

    @property
    def current(self) -> np.ndarray:
        """The nonterminal to expand now, (rows,) int64; -1 where nothing is left."""
        heights = self._rows.heights[self._going]
        top = self._rows.stacks[self._going * self._height + np.maximum(heights - 1, 0)]
        return np.where(heights > 0, top, -1).astype(np.int64)

    def keep(self, rows: np.ndarray) -> None:
        """Goes on with some of the rows only."""
        self._going = self._going[rows]

    def expand(self, scores: np.ndarray) -> np.ndarray:
        """Expands each current nonterminal by the allowed production of the highest score.

        Args:
            scores: (rows, S) float32, no NaN, C-contiguous; changed: refused productions get minus infinity.

        Returns:
            The productions, (rows,) int64; -1 where nothing was left.
        """
        automaton = self._constraint.automaton
        chosen = np.empty(len(self._going), np.int64)
        self._remaining -= 1
        _expand_best(
            *automaton.planning,
            automaton.tables,
            self._constraint.program,
            *self._workspace,
            self._rows,
            self._going,
            scores,
            self._remaining,
            chosen,
        )
        return chosen


def first_refused(constraint: Constraint, ids: np.ndarray) -> int:
    """The first step at which a derivation is refused; `ALLOWED` where none is.

    Args:
        constraint: the language.
        ids: (T,) production ids of a complete leftmost derivation.
    """
    machine = ConstrainedPushdown(constraint, 1)
    scores = np.empty((1, constraint.grammar.n_symbols), np.float32)
    for step, production in enumerate(ids):
        scores[:] = 0
        scores[0, production] = 1
        if step == constraint.max_length or machine.expand(scores)[0] != production:
            return step
    return ALLOWED


@njit(
    types.UniTuple(int64, 2)(
        _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING, VECTOR, VECTOR, VECTOR, VECTOR,
        VECTOR, VECTOR, VECTOR, int64, int64, int64,
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def _try(
    emit, accepts, copy, debts, pending, tables, program, states, space,
    stack, state, after, height, production, most
):  # fmt: skip
    """Expands by a production if a plan of at most `most` productions is found after it, and writes that plan.

    Returns:
        The plan's length and the stack's new height; the state after the production is in `after`. Or `REFUSED`, and the
        stack is left as it was.
    """
    current = stack[height - 1]
    copy(tables, state, after)
    new = expand(emit, tables, program, after, stack, height, production)
    if new != REFUSED:
        copy(tables, after, states)
        n = plan(
            emit, accepts, copy, debts, pending, tables, program, states, space, stack, new, state.size, most
        )  # fmt: skip
        if n != REFUSED:
            return n, new
    stack[height - 1] = current
    return REFUSED, height


@njit(
    void(
        _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING, VECTOR, VECTOR, VECTOR, VECTOR,
        _ROWS, _NUMBERS, float32[:, ::1], int64, _NUMBERS,
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def _expand_best(
    emit, accepts, copy, debts, pending, tables, program, states, space, rows, going, scores, most, chosen
):
    n_rows = rows.heights.size
    size, room, length = rows.states.size // n_rows, rows.stacks.size // n_rows, rows.plans.size // n_rows
    after = np.zeros(size, np.int32)
    for i in range(going.size):
        row = going[i]
        height = int64(rows.heights[row])
        if height == 0:
            chosen[i] = -1
            continue
        stack = rows.stacks[row * room : (row + 1) * room]
        state = rows.states[row * size : (row + 1) * size]
        planned = rows.plans[row * length : (row + 1) * length]
        mine = int64(planned[rows.plans_from[row]])
        ways = program[WAYS_FROM] + stack[height - 1]
        while True:
            best = mine
            for place in range(program[WAYS] + program[ways], program[WAYS] + program[ways + 1]):
                production = int64(program[place])
                if scores[i, production] > scores[i, best]:
                    best = production
            if best == mine:
                rows.heights[row] = expand(emit, tables, program, state, stack, height, mine)
                rows.plans_from[row] += 1
                break
            n, new = _try(
                emit, accepts, copy, debts, pending, tables, program, states, space,
                stack, state, after, height, best, most,
            )  # fmt: skip
            if n != REFUSED:
                copy(tables, after, state)
                rows.heights[row] = new
                planned[:n] = space[space[OUT] : space[OUT] + n]
                rows.plans_from[row] = 0
                break
            scores[i, best] = -np.inf
        chosen[i] = best
