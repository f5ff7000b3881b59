"""Expanding productions under a language automaton, and planning: can what is pending still be completed, and how?

A derivation in progress is a stack of symbols, terminals and nonterminals, and the state of the automaton that has read all
terminals so far. A *plan* is a list of productions that completes it: the stack is walked from the top, each nonterminal
is expanded by one of its recipes, and the automaton reads all terminals on the way and accepts at the end. Recipes that
leave the debts as they are come first, and debts are settled as late as possible: at each nonterminal a recipe is at hand
that settles all that would be left open behind the terminals pending below. Where the walk cannot go on, the last
nonterminal with another recipe takes that one; but of the nonterminals above one another, no more than `MOST_CHANGES` may
take another than their first recipe that led on to the next, for what blocks a walk is seldom more than one of them
(limited discrepancy search; Harvey and Ginsberg, IJCAI 1995). And the search gives up after `MOST_TRIES` recipes. So
there may be a plan that it misses, but what it finds is one.

A symbol is k for the nonterminal k and -(t + 1) for the terminal t.
"""

from typing import NamedTuple

import numpy as np
from numba import int64, njit

from grae.constraints.automaton import BEGIN, CONTEXT, FUNCTIONS, NONTERMINAL, VECTOR
from grae.constraints.packing import packed
from grae.constraints.recipes import MOST_DEBTS, Recipes
from grae.grammar import Grammar

MOST_TRIES = 256
MOST_CHANGES = 2
MOST_FRAMES = 128  # nonterminals that a plan can come back to
REFUSED = -1


class Rules(NamedTuple):
    """A grammar as flat int32 arrays; P productions, N nonterminals.

    Attributes:
        rhs: symbols of all right-hand sides, one after the other.
        rhs_from: (P + 1,) where each begins.
        ways: usable productions of each nonterminal.
        ways_from: (N + 1,) where each nonterminal's begin.
        shortest: (N,) productions in the shortest completion.
    """

    rhs: np.ndarray
    rhs_from: np.ndarray
    ways: np.ndarray
    ways_from: np.ndarray
    shortest: np.ndarray

    @classmethod
    def of(cls, grammar: Grammar) -> "Rules":
        """The grammar's tables, without what fills them up."""
        tables = grammar.tables
        filled = np.arange(tables.rhs.shape[1]) < tables.rhs_length[:, None]
        return cls(
            tables.rhs[filled],
            np.cumsum([0, *tables.rhs_length]),
            np.nonzero(tables.mask)[1],
            np.cumsum([0, *tables.mask.sum(axis=1)]),
            tables.shortest,
        )


def program_of(rules: Rules, recipes: Recipes) -> np.ndarray:
    """All that does not change in a search, as one vector."""
    return packed([*rules, *recipes])


# The parts of a program.
(
    RHS,
    RHS_FROM,
    WAYS,
    WAYS_FROM,
    SHORTEST,
    _ITEMS,
    _ITEMS_FROM,
    _FILLERS,
    _FILLERS_FROM,
    _CLOSINGS,
    _CLOSINGS_FROM,
    _LABELED,
    _LABELED_FROM,
    _N_LABELS,
) = range(14)

# The parts of a workspace: for each frame its place on the stack, productions before it, its next recipe, changes above it
# and whether a recipe has led on from it; for each place on the stack, productions in the shortest completion of what is below; place and label
# of what pending terminals complete; labels to write; the stack of a recipe's derivation; the plan.
_MARKS, _PROMISED, _EVENTS, _LABELS, _CONTEXT, _INNER, OUT = range(7)


class Workspace(NamedTuple):
    """Room for one search at a time.

    Attributes:
        states: states of the automaton: on the walk, then before each nonterminal that was expanded.
        space: the rest, packed.
    """

    states: np.ndarray
    space: np.ndarray

    @classmethod
    def of(cls, size: int, rules: Rules, recipes: Recipes, height: int, max_length: int) -> "Workspace":
        """Room for states of a size, stacks of a height, plans of a length."""
        longest = int(np.diff(recipes.items_from).max()) + MOST_DEBTS * int(np.diff(recipes.labeled_from).max(initial=0))
        depth = longest * int(np.diff(rules.rhs_from).max()) + 1
        n_labels = int(recipes.n_labels[0])
        counts = (5 * MOST_FRAMES, height + 1, 2 * height, n_labels + height, CONTEXT, depth, max_length + 1)
        space = packed([np.zeros(max(1, count), np.int32) for count in counts])
        return cls(np.zeros((1 + MOST_FRAMES) * size, np.int32), space)


_START, _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING = FUNCTIONS


@njit(int64(_EMIT, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64), nogil=True, cache=True)
def expand(emit, tables, program, state, stack, height, production):
    """Puts a right-hand side in the place of the nonterminal on top, and reads the terminals that come up.

    Returns:
        The new height; `REFUSED` where the automaton refuses a terminal. Below the old top the stack stays as it is.
    """
    height -= 1
    begins = program[RHS_FROM] + production
    for place in range(program[begins + 1] - 1, program[begins] - 1, -1):
        stack[height] = program[program[RHS] + place]
        height += 1
    while height > 0 and stack[height - 1] < 0:
        if not emit(tables, state, -int64(stack[height - 1]) - 1):
            return REFUSED
        height -= 1
    return height


@njit(int64(_EMIT, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64, int64, int64), nogil=True, cache=True)
def _follow(emit, tables, program, work, space, nonterminal, recipe, before, most):
    """Expands a nonterminal by a recipe on the walk's state; its labels are those in the workspace.

    Returns:
        How many productions the plan has then; `REFUSED` where the automaton refuses, or they are more than `most`.
    """
    inner = space[space[_INNER] :]
    inner[0] = nonterminal
    height, count, n_settled = int64(1), before, 0
    begins = program[_ITEMS_FROM] + recipe
    for place in range(program[begins], program[begins + 1]):
        item = program[program[_ITEMS] + place]
        first, last = int64(0), int64(1)
        if item < 0:
            row = (-item - 1) * program[program[_N_LABELS]] + space[space[_LABELS] + n_settled]
            n_settled += 1
            first = int64(program[program[_LABELED_FROM] + row])
            last = int64(program[program[_LABELED_FROM] + row + 1])
        if first == last or count + last - first > most:
            return REFUSED
        for at in range(first, last):
            production = int64(item) if item >= 0 else int64(program[program[_LABELED] + at])
            space[space[OUT] + count] = production
            count += 1
            height = expand(emit, tables, program, work, inner, height, production)
            if height == REFUSED:
                return REFUSED
    return count


@njit(int64(VECTOR, VECTOR, VECTOR, _DEBTS, int64, int64), nogil=True, cache=True)
def _left_open(tables, state, space, debts, place, n_events):
    """Writes the labels of the debts that are left if nothing but the terminals below a place is read; counts them."""
    labels = space[space[_LABELS] :]
    n = debts(tables, state, labels)
    events = space[_EVENTS]
    for event in range(n_events):
        if space[events + 2 * event] < place:
            label = space[events + 2 * event + 1]
            known = 0
            while known < n and labels[known] != label:
                known += 1
            if known == n:
                labels[n] = label
                n += 1
            else:
                n -= 1
                for later in range(known, n):
                    labels[later] = labels[later + 1]
    return n


@njit(int64(VECTOR, VECTOR, VECTOR, VECTOR, _DEBTS, int64, int64, int64, int64, int64), nogil=True, cache=True)
def _recipe(tables, program, state, space, debts, nonterminal, turn, place, n_events, is_last):
    """The recipe to try at a turn, `REFUSED` behind the last: fillers, then closings; at the last nonterminal reversed."""
    fillers = program[_FILLERS_FROM] + nonterminal
    n_fillers = program[fillers + 1] - program[fillers]
    if not is_last and turn < n_fillers:
        return program[program[_FILLERS] + program[fillers] + turn]
    n = min(_left_open(tables, state, space, debts, place, n_events), MOST_DEBTS)
    closings = program[_CLOSINGS_FROM] + nonterminal * (MOST_DEBTS + 1) + n
    n_closings = program[closings + 1] - program[closings]
    at = turn if is_last else turn - n_fillers
    if at < n_closings:
        return program[program[_CLOSINGS] + program[closings] + at]
    at -= n_closings
    if is_last and at < n_fillers:
        return program[program[_FILLERS] + program[fillers] + at]
    return REFUSED


@njit(
    int64(
        _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING, VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64, int64,
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def plan(emit, accepts, copy, debts, pending, tables, program, states, space, stack, height, size, most):
    """Looks for a plan of at most `most` productions and writes it to the part `OUT` of the workspace.

    The first of `states` is that of the derivation, and is used up.

    Returns:
        How many productions the plan has; `REFUSED` where none was found.
    """
    work = states[:size]
    context = space[space[_CONTEXT] :]
    pending(tables, work, context, BEGIN)
    n_events = 0
    for place in range(height - 1, -1, -1):
        symbol = int64(stack[place])
        label = pending(tables, work, context, NONTERMINAL if symbol >= 0 else -symbol - 1)
        if label >= 0:
            space[space[_EVENTS] + 2 * n_events] = place
            space[space[_EVENTS] + 2 * n_events + 1] = label
            n_events += 1
    promised, lowest = 0, -1
    for place in range(height):
        space[space[_PROMISED] + place] = promised
        if stack[place] >= 0:
            promised += program[program[SHORTEST] + stack[place]]
            if lowest < 0:
                lowest = place
    if promised > most:
        return REFUSED
    place, count, depth, tries = height - 1, int64(0), 0, 0
    while True:
        is_read = True
        while is_read and place >= 0 and stack[place] < 0:
            is_read = emit(tables, work, -int64(stack[place]) - 1)
            place -= 1
        if is_read and place < 0 and accepts(tables, work):
            return count
        if is_read and place >= 0 and depth < MOST_FRAMES:
            above = space[_MARKS] + 5 * (depth - 1)
            changes = int64(space[above + 3] + space[above + 4]) if depth > 0 else 0
            if changes <= MOST_CHANGES:
                if depth > 0:
                    space[above + 4] = 1
                depth += 1
                copy(tables, work, states[depth * size : (depth + 1) * size])
                marks = space[_MARKS] + 5 * (depth - 1)
                space[marks] = place
                space[marks + 1] = count
                space[marks + 2] = 0
                space[marks + 3] = changes
                space[marks + 4] = 0
        is_read = False
        while not is_read:
            if depth == 0 or tries == MOST_TRIES:
                return REFUSED
            marks = space[_MARKS] + 5 * (depth - 1)
            frame = states[depth * size : (depth + 1) * size]
            place = int64(space[marks])
            nonterminal = int64(stack[place])
            turn = int64(space[marks + 2])
            recipe = _recipe(
                tables, program, frame, space, debts, nonterminal, turn, place, n_events, int64(place == lowest)
            )
            if recipe == REFUSED:
                depth -= 1
                continue
            tries += 1
            space[marks + 2] += 1
            copy(tables, frame, work)
            room = most - space[space[_PROMISED] + place]
            count = _follow(emit, tables, program, work, space, nonterminal, recipe, int64(space[marks + 1]), room)
            is_read = count != REFUSED
        place -= 1
