"""Decodes a batch of derivations under a language automaton: each step takes the highest-scoring allowed productions.

Each row keeps a plan that completes it within the remaining length. A production is allowed if it expands the current
nonterminal, the automaton accepts the terminals that come to the top, and there is a plan after it. The next production
of the row's own plan is allowed by construction: so there is always one, and every derivation ends in a string of the
language.

Rows start from the start symbol, or each from a sentential form, whose fixed productions are taken unchanged. A segment
ends if a production that ends its nonterminal's chain has the highest score: the fixed symbols that follow then end the
chain.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import float32, int64, types, void

from grae.compilation import compiled
from grae.constraints.automaton import VECTOR
from grae.constraints.constraint import Constraint, Start
from grae.constraints.expansion import REFUSED, expand, fixed_production, is_fixed, nonterminal_of, take
from grae.constraints.packing import ALTERNATIVES, CHOICES_FROM, PLAN, RHS, RHS_FROM, WAYS, WAYS_FROM
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
from grae.errors import SettingsError
from grae.grammar.sentential import CHOICE, FORCED, SEGMENT, Forms

IDS = int64[::1]


class Batch(NamedTuple):
    """B derivations in progress.

    Attributes:
        stacks: (B * height,) int32, symbols.
        heights: (B,) int32, height of each stack.
        states: (B * size,) int32, states of the automaton.
        plans: (B * length,) int32, productions that complete each derivation, the empty one where a segment ends.
        plans_from: (B,) int32, position of the next production in each row's plan.
        rooms: (B,) int32, maximum number of entries of a plan.
    """

    stacks: np.ndarray
    heights: np.ndarray
    states: np.ndarray
    plans: np.ndarray
    plans_from: np.ndarray
    rooms: np.ndarray


BATCH = types.NamedUniTuple(VECTOR, 6, Batch)


@compiled(void(VECTOR, types.Array(float32, 1, "C"), int64))
def _score_end(program, scores, nonterminal):
    """Moves the highest score of the productions that end a nonterminal's chain to its empty production."""
    ways = program[WAYS_FROM] + nonterminal
    best, empty = float32(-np.inf), int64(0)
    for place in range(program[WAYS] + program[ways], program[WAYS] + program[ways + 1]):
        production = int64(program[place])
        begins = program[RHS_FROM] + production
        first, last = program[begins], program[begins + 1]
        if last == first or program[program[RHS] + last - 1] != nonterminal:
            best = max(best, scores[production])
            scores[production] = -np.inf
            if last == first:
                empty = production
    scores[empty] = best


@compiled(
    types.UniTuple(int64, 2)(LANGUAGE, WORKSPACE, VECTOR, VECTOR, VECTOR, int64, int64, int64),
)
def _try(language, workspace, stack, state, after, height, production, most):
    """Expands by a production if a plan of at most `most` productions is found afterwards, and writes that plan.

    Returns:
        The plan's length and the stack's new height; the state after the production is in `after`. Or `REFUSED`, with
        the stack unchanged.
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
    types.UniTuple(int64, 3)(LANGUAGE, WORKSPACE, VECTOR, VECTOR, VECTOR, int64, types.Array(float32, 1, "C"), int64),
)
def _take_best(language, workspace, stack, state, after, height, scores, most):
    """Takes the highest-scoring alternative of the choice on top, unless that is the first.

    Returns:
        Its production, the new height and the length of the plan, as from `_try`; -1 for the first alternative, with
        the stack unchanged.
    """
    tables, program = language.tables, language.program
    choice = program[CHOICES_FROM] + stack[height - 1] - CHOICE
    first, last = int64(program[choice]), int64(program[choice + 1])
    before = stack[:height].copy()
    while True:
        best = first
        for alternative in range(first + 1, last):
            here = program[program[ALTERNATIVES] + alternative]
            if scores[here] > scores[program[program[ALTERNATIVES] + best]]:
                best = alternative
        if best == first:
            return int64(-1), height, int64(0)
        production = int64(program[program[ALTERNATIVES] + best])
        language.copy(tables, state, after)
        new = take(language.consume, tables, program, after, stack, height, best)
        if new != REFUSED:
            language.copy(tables, after, workspace.states)
            n = plan(language, workspace, stack, new, state.size, most)
            if n != REFUSED:
                return production, new, n
        stack[:height] = before
        scores[production] = -np.inf


@compiled(
    void(
        CONSUME, ACCEPTS, COPY, OBLIGATIONS, PENDING, VECTOR, VECTOR,
        WORKSPACE, BATCH, IDS, float32[:, ::1], IDS,
    ),
)  # fmt: skip
def _expand_best(
    consume, accepts, copy, obligations, pending, tables, program, workspace, batch, active, scores, chosen
):
    """Expands each active row by its highest-scoring allowed production, and writes these to `chosen`.

    Args:
        consume: this and the next four are the automaton's functions, see `Automaton`.
        accepts: see `consume`.
        copy: see `consume`.
        obligations: see `consume`.
        pending: see `consume`.
        tables: the automaton's tables.
        program: the grammar and its completions.
        workspace: memory for the search.
        batch: the derivations, changed.
        active: (rows,) rows of the batch.
        scores: (rows, S), changed.
        chosen: (rows,) output.
    """
    language = Language(consume, accepts, copy, obligations, pending, tables, program)
    stacks, heights, states, plans, plans_from, rooms = batch
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
        symbol = int64(stack[height - 1])
        rooms[row] -= 1
        if is_fixed(symbol):
            best = -1
            if symbol >= CHOICE:
                best, new, n = _take_best(language, workspace, stack, state, after, height, scores[i], rooms[row])
            if best < 0:
                heights[row] = expand(consume, tables, program, state, stack, height, own)
                plans_from[row] += 1
                chosen[i] = own
                continue
            copy(tables, after, state)
            heights[row] = new
            planned[:n] = workspace.space[workspace.space[PLAN] : workspace.space[PLAN] + n]
            plans_from[row] = 0
            chosen[i] = best
            continue
        nonterminal = nonterminal_of(symbol)
        if symbol >= SEGMENT:
            _score_end(program, scores[i], nonterminal)
        ways = program[WAYS_FROM] + nonterminal
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
            n, new = _try(language, workspace, stack, state, after, height, best, rooms[row])
            if n != REFUSED:
                copy(tables, after, state)
                heights[row] = new
                planned[:n] = workspace.space[workspace.space[PLAN] : workspace.space[PLAN] + n]
                plans_from[row] = 0
                break
            scores[i, best] = -np.inf
        if symbol >= SEGMENT and program[program[RHS_FROM] + best] == program[program[RHS_FROM] + best + 1]:
            best = int64(planned[plans_from[row]])  # the segment has ended
            heights[row] = expand(consume, tables, program, state, stack, int64(heights[row]), best)
            plans_from[row] += 1
            rooms[row] -= 1
        chosen[i] = best


class ConstrainedPushdown:
    """A batch of derivations under the rules of a language.

    Args:
        constraint: the rules.
        batch: number of derivations, B.
        forms: sentential form from which each derivation starts; None for the start symbol.

    Raises:
        SettingsError: no string is found that a form derives and that satisfies the rules of the language.
    """

    def __init__(self, constraint: Constraint, batch: int, forms: Forms | None = None) -> None:
        if forms is not None:
            forms.check(constraint.max_length)
        rows = np.zeros(batch, np.int64) if forms is None else forms.rows
        self._program, starts = constraint.program, [constraint.first]
        if forms is not None:
            self._program = constraint.program_with(forms.choices)
            starts = [_started(constraint, symbols.tolist(), self._program) for symbols in forms.symbols]
        self._height = max(len(start.stack) for start in starts)
        length = max(start.room for start in starts)
        stacks = np.zeros((len(starts), self._height), np.int32)
        plans = np.zeros((len(starts), length), np.int32)
        for row, start in enumerate(starts):
            stacks[row, : len(start.stack)] = start.stack
            plans[row, : len(start.plan)] = start.plan
        self._constraint = constraint
        self._batch = Batch(
            stacks[rows].reshape(-1),
            np.array([start.height for start in starts], np.int32)[rows],
            np.stack([start.state for start in starts])[rows].reshape(-1),
            plans[rows].reshape(-1),
            np.zeros(batch, np.int32),
            np.array([start.room for start in starts], np.int32)[rows],
        )
        self._workspace = constraint.workspace(self._height, length)
        self._active = np.arange(batch)  # the rows that are not done

    @property
    def current(self) -> np.ndarray:
        """The current nonterminal of each row, (rows,) int64; -1 for a complete derivation."""
        heights = self._batch.heights[self._active]
        top = self._batch.stacks[self._active * self._height + np.maximum(heights - 1, 0)].astype(np.int64)
        expanded = np.where(top >= SEGMENT, top - SEGMENT, top)
        for row in np.flatnonzero(((top >= FORCED) & (top < SEGMENT)) | (top >= CHOICE)).tolist():
            production = fixed_production(self._program, int(top[row]))
            expanded[row] = self._constraint.grammar.tables.lhs[production]
        return np.where(heights > 0, expanded, -1)

    def keep(self, rows: np.ndarray) -> None:
        """Keeps some rows and drops the others.

        Args:
            rows: (n,) int64, indices into the current rows, or (rows,) bool.
        """
        self._active = self._active[rows]

    def expand(self, scores: np.ndarray) -> np.ndarray:
        """Expands each current nonterminal by the highest-scoring allowed production.

        Args:
            scores: (rows, S) float32, no NaN, C-contiguous; changed: disallowed productions get minus infinity.

        Returns:
            The productions, (rows,) int64; -1 for a complete derivation.
        """
        automaton = self._constraint.automaton
        chosen = np.empty(len(self._active), np.int64)
        arguments: tuple[Any, ...] = (
            *automaton.planning,
            automaton.tables,
            self._program,
            self._workspace,
            self._batch,
            self._active,
            scores,
            chosen,
        )
        _expand_best(*arguments)
        return chosen


def _started(constraint: Constraint, symbols: list[int], program: np.ndarray) -> Start:
    start = constraint.started(symbols, program)
    if start is None:
        raise SettingsError(
            f"no string of at most {constraint.max_length} productions is found that fills the holes of the template "
            f"and keeps the rules of its language ({constraint.grammar.language.name})",
            remedy="shorten the template, or correct what breaks the rules in it",
        )
    return start
