"""A batch of derivations under a language automaton: the best allowed production of each, step by step.

Each row keeps a plan that completes it within the remaining length. A production is allowed if it expands the current
nonterminal, the automaton reads the terminals that it brings up, and there is a plan after it. The next production of
the row's own plan is so by its making: there is always one, and every derivation ends in a string of the language.
"""

from typing import Any

import numpy as np

from grae.constraints.constraint import Constraint
from grae.constraints.planning import expand_best
from grae.grammar.codec import Derivations

ALLOWED = -1
BATCH = 1024


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


def first_refused(constraint: Constraint, derivations: Derivations) -> np.ndarray:
    """The first step of each derivation that is refused, (n,) int64; `ALLOWED` where none is.

    Args:
        constraint: the language.
        derivations: complete leftmost derivations.
    """
    steps = np.full(len(derivations), ALLOWED, np.int64)
    for first in range(0, len(derivations), BATCH):
        rows = np.arange(first, min(first + BATCH, len(derivations)))
        steps[rows] = _first_refused(constraint, derivations, rows)
    return steps


def _first_refused(constraint: Constraint, derivations: Derivations, rows: np.ndarray) -> np.ndarray:
    lengths = derivations.lengths[rows]
    ids = derivations.padded(rows, constraint.grammar.pad).astype(np.int64)
    found = np.full(len(rows), ALLOWED, np.int64)
    machine, going = ConstrainedPushdown(constraint, len(rows)), np.arange(len(rows))
    for step in range(ids.shape[1]):
        scores = np.zeros((len(going), constraint.grammar.n_symbols), np.float32)
        true = ids[going, step]
        scores[np.arange(len(going)), true] = 1
        allowed = machine.expand(scores) == true if step < constraint.max_length else np.zeros(len(going), bool)
        found[going[~allowed]] = step
        remaining = allowed & (lengths[going] > step + 1)
        machine.keep(remaining.nonzero()[0])
        going = going[remaining]
        if not len(going):
            break
    return found
