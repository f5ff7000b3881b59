"""A batch of derivations under a language automaton: the best allowed production of each, step by step.

Each row keeps a plan that completes it within the remaining length. A production is allowed if it expands the current
nonterminal, the automaton reads the terminals that it brings up, and there is a plan after it. The next production of
the row's own plan is so by its making: there is always one, and every derivation ends in a string of the language.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import float32, int64, types, void

from grae.compilation import compiled
from grae.constraints.automaton import VECTOR
from grae.constraints.constraint import Constraint
from grae.constraints.expansion import REFUSED, expand
from grae.constraints.packing import PLAN, WAYS, WAYS_FROM
from grae.constraints.planning import (
    ACCEPTS,
    CONSUME,
    COPY,
    LANGUAGE,
    OBLIGATIONS,
    PENDING,
    WORKSPACE,
    Language,
    plan,
)

IDS = int64[::1]


class Batch(NamedTuple):
    """B derivations in progress.

    Attributes:
        stacks: (B * height,) int32, symbols.
        heights: (B,) int32, of each stack.
        states: (B * size,) int32, of the automaton.
        plans: (B * length,) int32, productions that complete each derivation.
        plans_from: (B,) int32, where in its row the next of them stands.
    """

    stacks: np.ndarray
    heights: np.ndarray
    states: np.ndarray
    plans: np.ndarray
    plans_from: np.ndarray


BATCH = types.NamedUniTuple(VECTOR, 5, Batch)


@compiled(
    types.UniTuple(int64, 2)(LANGUAGE, WORKSPACE, VECTOR, VECTOR, VECTOR, int64, int64, int64),
)
def _try(language, workspace, stack, state, after, height, production, most):
    """Expands by a production if a plan of at most `most` productions is found after it, and writes that plan.

    Returns:
        The plan's length and the stack's new height; the state after the production is in `after`. Or `REFUSED`, and
        the stack is left as it was.
    """
    tables = language.tables
    current = stack[height - 1]
    language.copy(tables, state, after)
    new = expand(language.consume, tables, language.program, after, stack, height, production)
    if new != REFUSED:
        language.copy(tables, after, workspace.states)
        n = plan(language, workspace, stack, new, state.size, most)
        if n != REFUSED:
            return n, new
    stack[height - 1] = current
    return REFUSED, height


@compiled(
    void(
        CONSUME, ACCEPTS, COPY, OBLIGATIONS, PENDING, VECTOR, VECTOR,
        WORKSPACE, BATCH, IDS, float32[:, ::1], int64, IDS,
    ),
)  # fmt: skip
def _expand_best(
    consume, accepts, copy, obligations, pending, tables, program, workspace, batch, active, scores, most, chosen
):
    """Expands the active rows, each by the allowed production of the highest score; writes those to `chosen`.

    Args:
        consume: this and the next four are the automaton's functions, see `Automaton`.
        accepts: see `consume`.
        copy: see `consume`.
        obligations: see `consume`.
        pending: see `consume`.
        tables: the automaton's.
        program: the grammar and its completions.
        workspace: for the search.
        batch: the derivations, changed.
        active: (rows,) of the batch.
        scores: (rows, S), changed.
        most: productions that a derivation may still have after this one.
        chosen: (rows,)
    """
    language = Language(consume, accepts, copy, obligations, pending, tables, program)
    stacks, heights, states, plans, plans_from = batch
    n_rows = heights.size
    size, room, length = states.size // n_rows, stacks.size // n_rows, plans.size // n_rows
    after = np.zeros(size, np.int32)
    for i in range(active.size):
        row = active[i]
        height = int64(heights[row])
        if height == 0:
            chosen[i] = -1
            continue
        stack = stacks[row * room : (row + 1) * room]
        state = states[row * size : (row + 1) * size]
        planned = plans[row * length : (row + 1) * length]
        own = int64(planned[plans_from[row]])
        ways = program[WAYS_FROM] + stack[height - 1]
        while True:
            best = own
            for place in range(program[WAYS] + program[ways], program[WAYS] + program[ways + 1]):
                production = int64(program[place])
                if scores[i, production] > scores[i, best]:
                    best = production
            if best == own:
                heights[row] = expand(consume, tables, program, state, stack, height, own)
                plans_from[row] += 1
                break
            n, new = _try(language, workspace, stack, state, after, height, best, most)
            if n != REFUSED:
                copy(tables, after, state)
                heights[row] = new
                planned[:n] = workspace.space[workspace.space[PLAN] : workspace.space[PLAN] + n]
                plans_from[row] = 0
                break
            scores[i, best] = -np.inf
        chosen[i] = best


class ConstrainedPushdown:
    """A batch of derivations from the start symbol on.

    Args:
        constraint: the language.
        batch: how many derivations, B.
    """

    def __init__(self, constraint: Constraint, batch: int) -> None:
        automaton, first = constraint.automaton, constraint.first_plan
        state = np.zeros(automaton.size, np.int32)
        automaton.start(automaton.tables, state)
        stacks = np.zeros((batch, constraint.height), np.int32)
        stacks[:, 0] = constraint.grammar.tables.start
        plans = np.zeros((batch, constraint.max_length), np.int32)
        plans[:, : len(first)] = first
        self._constraint = constraint
        self._batch = Batch(
            stacks.reshape(-1),
            np.ones(batch, np.int32),
            np.tile(state, batch),
            plans.reshape(-1),
            np.zeros(batch, np.int32),
        )
        self._workspace = constraint.workspace()
        self._active = np.arange(batch)  # the rows that are not done
        self._remaining = constraint.max_length

    @property
    def current(self) -> np.ndarray:
        """The nonterminal to expand now, (rows,) int64; -1 where nothing is left."""
        heights = self._batch.heights[self._active]
        top = self._batch.stacks[self._active * self._constraint.height + np.maximum(heights - 1, 0)]
        return np.where(heights > 0, top, -1).astype(np.int64)

    def keep(self, rows: np.ndarray) -> None:
        """Continues with some of the rows only.

        Args:
            rows: (n,) int64, indices into the present rows, or (rows,) bool.
        """
        self._active = self._active[rows]

    def expand(self, scores: np.ndarray) -> np.ndarray:
        """Expands each current nonterminal by the allowed production of the highest score.

        Args:
            scores: (rows, S) float32, no NaN, C-contiguous; changed: refused productions get minus infinity.

        Returns:
            The productions, (rows,) int64; -1 where nothing was left.
        """
        automaton = self._constraint.automaton
        chosen = np.empty(len(self._active), np.int64)
        self._remaining -= 1
        arguments: tuple[Any, ...] = (
            *automaton.planning,
            automaton.tables,
            self._constraint.program,
            self._workspace,
            self._batch,
            self._active,
            scores,
            self._remaining,
            chosen,
        )
        _expand_best(*arguments)
        return chosen
