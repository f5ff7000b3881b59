"""Expanding productions under a language automaton, and planning: can what is pending still be completed, and how?

A derivation in progress is a stack of symbols, terminals and nonterminals, and the state of the automaton that has read
all terminals so far. A *plan* is a list of productions that completes it: the stack is walked from the top, each
nonterminal is expanded by one of its recipes, and the automaton reads all terminals on the way and accepts at the end.

Recipes that leave the debts as they are come first, and debts are settled as late as possible: at each nonterminal
there are recipes that settle all that would be left open behind the terminals pending below. Where the walk cannot go
on, the last nonterminal with another recipe takes that one; but of all nonterminals, no more than `MOST_CHANGES` at a
time take another than their first recipe that led on to the next, for what blocks a walk is seldom more than one of
them (limited discrepancy search; Harvey and Ginsberg, IJCAI 1995). And the search gives up after `MOST_TRIES` recipes.
So there may be a plan that it misses, but what it finds is one.

A symbol is k for the nonterminal k and -(t + 1) for the terminal t.
"""

import numpy as np
from numba import float32, int64, types, void

from grae.compilation import compiled
from grae.constraints.automaton import BEGIN, FUNCTIONS, NONTERMINAL, VECTOR
from grae.constraints.completions import MOST_OBLIGATIONS

MOST_TRIES = 256
MOST_CHANGES = 1
MOST_FRAMES = 128  # nonterminals that a plan can come back to
REFUSED = -1
NUMBERS = int64[::1]
_START, _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING = FUNCTIONS

# The parts of a program.
(
    RHS,
    RHS_FROM,
    LHS,
    WAYS,
    WAYS_FROM,
    SHORTEST,
    ITEMS,
    ITEMS_FROM,
    FILLERS,
    FILLERS_FROM,
    CLOSINGS,
    CLOSINGS_FROM,
    LABELED,
    LABELED_FROM,
    N_LABELS,
) = range(15)

# The parts of a workspace: of each frame its place on the stack, productions before it, its next recipe, changes above
# it and whether a recipe has led on from it; of each place on the stack, productions in the shortest completion of what
# is below; places and labels that pending terminals write; labels to write; what `pending` keeps; the stack of a
# recipe's derivation; the plan.
FRAME = 5
MARKS, PROMISED, EVENTS, LABELS, CONTEXT, INNER, OUT = range(7)


@compiled(int64(_EMIT, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64))
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


@compiled(int64(_EMIT, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64, int64, int64))
def _follow(emit, tables, program, work, space, nonterminal, recipe, before, most):
    """Expands a nonterminal by a recipe on the walk's state; its labels are those in the workspace.

    Returns:
        How many productions the plan has then; `REFUSED` where the automaton refuses, or they are more than `most`.
    """
    inner = space[space[INNER] :]
    inner[0] = nonterminal
    height, count, n_settled = int64(1), before, 0
    begins = program[ITEMS_FROM] + recipe
    for place in range(program[begins], program[begins + 1]):
        item = program[program[ITEMS] + place]
        first, last = int64(0), int64(1)
        if item < 0:
            row = (-item - 1) * program[program[N_LABELS]] + space[space[LABELS] + n_settled]
            n_settled += 1
            first = int64(program[program[LABELED_FROM] + row])
            last = int64(program[program[LABELED_FROM] + row + 1])
        if first == last or count + last - first > most:
            return REFUSED
        for at in range(first, last):
            production = int64(item) if item >= 0 else int64(program[program[LABELED] + at])
            if height == 0 or inner[height - 1] != program[program[LHS] + production]:
                return REFUSED
            space[space[OUT] + count] = production
            count += 1
            height = expand(emit, tables, program, work, inner, height, production)
            if height == REFUSED:
                return REFUSED
    return count if height == 0 else REFUSED


@compiled(int64(VECTOR, VECTOR, VECTOR, _DEBTS, int64, int64))
def _left_open(tables, state, space, debts, place, n_events):
    """Writes the labels of the debts that are left if nothing but the terminals below a place is read; counts them."""
    labels = space[space[LABELS] :]
    n = debts(tables, state, labels)
    events = space[EVENTS]
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


@compiled(int64(VECTOR, VECTOR, VECTOR, VECTOR, _DEBTS, int64, int64, int64, int64, int64))
def _recipe(tables, program, state, space, debts, nonterminal, turn, place, n_events, is_last):
    """The recipe to try at a turn, `REFUSED` behind the last: fillers, then closings; at the last place reversed."""
    fillers = program[FILLERS_FROM] + nonterminal
    n_fillers = program[fillers + 1] - program[fillers]
    if not is_last and turn < n_fillers:
        return program[program[FILLERS] + program[fillers] + turn]
    n = min(_left_open(tables, state, space, debts, place, n_events), MOST_OBLIGATIONS)
    closings = program[CLOSINGS_FROM] + nonterminal * (MOST_OBLIGATIONS + 1) + n
    n_closings = program[closings + 1] - program[closings]
    at = turn if is_last else turn - n_fillers
    if at < n_closings:
        return program[program[CLOSINGS] + program[closings] + at]
    at -= n_closings
    if is_last and at < n_fillers:
        return program[program[FILLERS] + program[fillers] + at]
    return REFUSED


@compiled(
    int64(
        _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING, VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64, int64,
    ),
)  # fmt: skip
def plan(emit, accepts, copy, debts, pending, tables, program, states, space, stack, height, size, most):
    """Looks for a plan of at most `most` productions and writes it to the part `OUT` of the workspace.

    The first of `states` is that of the derivation, and is used up.

    Returns:
        How many productions the plan has; `REFUSED` where none was found.
    """
    work = states[:size]
    context = space[space[CONTEXT] :]
    pending(tables, work, context, BEGIN)
    n_events = 0
    for place in range(height - 1, -1, -1):
        symbol = int64(stack[place])
        label = pending(tables, work, context, NONTERMINAL if symbol >= 0 else -symbol - 1)
        if label >= 0:
            space[space[EVENTS] + 2 * n_events] = place
            space[space[EVENTS] + 2 * n_events + 1] = label
            n_events += 1
    promised, lowest = 0, -1
    for place in range(height):
        space[space[PROMISED] + place] = promised
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
            above = space[MARKS] + FRAME * (depth - 1)
            changes = int64(space[above + 3] + space[above + 4]) if depth > 0 else 0
            if changes <= MOST_CHANGES:
                if depth > 0:
                    space[above + 4] = 1
                depth += 1
                copy(tables, work, states[depth * size : (depth + 1) * size])
                marks = space[MARKS] + FRAME * (depth - 1)
                space[marks] = place
                space[marks + 1] = count
                space[marks + 2] = 0
                space[marks + 3] = changes
                space[marks + 4] = 0
        is_read = False
        while not is_read:
            if depth == 0 or tries == MOST_TRIES:
                return REFUSED
            marks = space[MARKS] + FRAME * (depth - 1)
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
            room = most - space[space[PROMISED] + place]
            count = _follow(emit, tables, program, work, space, nonterminal, recipe, int64(space[marks + 1]), room)
            is_read = count != REFUSED
        place -= 1


@compiled(
    types.UniTuple(int64, 2)(
        _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING, VECTOR, VECTOR, VECTOR, VECTOR,
        VECTOR, VECTOR, VECTOR, int64, int64, int64,
    ),
)  # fmt: skip
def _try(
    emit, accepts, copy, debts, pending, tables, program, states, space,
    stack, state, after, height, production, most
):  # fmt: skip
    """Expands by a production if a plan of at most `most` productions is found after it, and writes that plan.

    Returns:
        The plan's length and the stack's new height; the state after the production is in `after`. Or `REFUSED`, and
        the stack is left as it was.
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


@compiled(
    void(
        _EMIT, _ACCEPTS, _COPY, _DEBTS, _PENDING, VECTOR, VECTOR, VECTOR, VECTOR,
        VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, NUMBERS, float32[:, ::1], int64, NUMBERS,
    ),
)  # fmt: skip
def expand_best(
    emit,
    accepts,
    copy,
    debts,
    pending,
    tables,
    program,
    states,
    space,
    stacks,
    heights,
    automata,
    plans,
    plans_from,
    going,
    scores,
    most,
    chosen,
):
    """Expands the rows that are going, each by the allowed production of the highest score; writes them to `chosen`.

    Args:
        emit: this and the next four are the automaton's functions.
        accepts: see `Automaton`.
        copy: see `Automaton`.
        debts: see `Automaton`.
        pending: see `Automaton`.
        tables: the automaton's.
        program: the grammar and its recipes.
        states: this and the next are the workspace.
        space: see `Workspace`.
        stacks: (B * H,) symbols.
        heights: (B,)
        automata: (B * size,) states.
        plans: (B * length,) productions that complete each row.
        plans_from: (B,) where in its row the next of them stands.
        going: the rows.
        scores: (rows, S), changed.
        most: productions that a derivation may still have behind this one.
        chosen: (rows,)
    """
    n_rows = heights.size
    size, room, length = automata.size // n_rows, stacks.size // n_rows, plans.size // n_rows
    after = np.zeros(size, np.int32)
    for i in range(going.size):
        row = going[i]
        height = int64(heights[row])
        if height == 0:
            chosen[i] = -1
            continue
        stack = stacks[row * room : (row + 1) * room]
        state = automata[row * size : (row + 1) * size]
        planned = plans[row * length : (row + 1) * length]
        mine = int64(planned[plans_from[row]])
        ways = program[WAYS_FROM] + stack[height - 1]
        while True:
            best = mine
            for place in range(program[WAYS] + program[ways], program[WAYS] + program[ways + 1]):
                production = int64(program[place])
                if scores[i, production] > scores[i, best]:
                    best = production
            if best == mine:
                heights[row] = expand(emit, tables, program, state, stack, height, mine)
                plans_from[row] += 1
                break
            n, new = _try(
                emit, accepts, copy, debts, pending, tables, program, states, space,
                stack, state, after, height, best, most,
            )  # fmt: skip
            if n != REFUSED:
                copy(tables, after, state)
                heights[row] = new
                planned[:n] = space[space[OUT] : space[OUT] + n]
                plans_from[row] = 0
                break
            scores[i, best] = -np.inf
        chosen[i] = best
