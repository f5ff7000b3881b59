"""A batch of derivations under a language automaton: the best allowed production of each, step by step.

Each row keeps a plan that completes it within the remaining length. A production is allowed if it expands the current
nonterminal, the automaton reads the terminals that it brings up, and there is a plan after it. The next production of
the row's own plan is so by its making: there is always one, and every derivation ends in a string of the language.
"""

from typing import Any

import numpy as np

from grae.constraints.constraint import Constraint
from grae.constraints.planning import expand_best

ALLOWED = -1


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
        self._stacks = stacks.reshape(-1)
        self._heights = np.ones(batch, np.int32)
        self._states = np.tile(state, batch)
        self._plans = plans.reshape(-1)  # productions that complete each row
        self._plans_from = np.zeros(batch, np.int32)  # where in its row the next of them stands
        self._workspace = constraint.workspace()
        self._going = np.arange(batch)  # the rows that are not done
        self._remaining = constraint.max_length

    @property
    def current(self) -> np.ndarray:
        """The nonterminal to expand now, (rows,) int64; -1 where nothing is left."""
        heights = self._heights[self._going]
        top = self._stacks[self._going * self._constraint.height + np.maximum(heights - 1, 0)]
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
        arguments: tuple[Any, ...] = (
            *automaton.planning,
            automaton.tables,
            self._constraint.program,
            *self._workspace,
            self._stacks,
            self._heights,
            self._states,
            self._plans,
            self._plans_from,
            self._going,
            scores,
            self._remaining,
            chosen,
        )
        expand_best(*arguments)
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
