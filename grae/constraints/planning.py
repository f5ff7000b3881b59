"""Planning: whether and how a derivation can still be completed under a language automaton.

A derivation in progress is a stack of symbols, terminals and nonterminals, and the state of the automaton after all
terminals so far. A *plan* is a list of productions that completes it: the stack is walked from the top, each
nonterminal is expanded by one of its completions, and the automaton reads all terminals on the way and accepts at the
end.

Completions that leave the obligations unchanged (neutral ones) are tried first, and obligations are discharged as late
as possible: for each nonterminal there are completions that discharge all obligations that the terminals pending below
would leave open. If the walk fails, it backtracks to the last nonterminal with another completion; but at most
`MOST_CHANGES` nonterminals at a time may deviate from the first of their completions that led on to the next, because
usually only one choice is wrong (limited discrepancy search; Harvey and Ginsberg, IJCAI 1995). The search stops after
`MOST_TRIES` completions. It may therefore miss a plan, but every plan that it returns is valid.

The stack of a sentential form also holds forced productions, which are part of the plan, and choices, of which the plan
takes the first alternative. Marks surround its holes: obligations left open in a hole are discharged in it, so nothing
after its end mark affects it.
"""

from typing import NamedTuple

import numpy as np
from numba import int64, types

from grae.compilation import compiled
from grae.constraints.automaton import BEGIN, FUNCTIONS, NONTERMINAL, VECTOR
from grae.constraints.completions import MOST_OBLIGATIONS
from grae.constraints.expansion import REFUSED, expand, fixed_production, is_fixed, nonterminal_of
from grae.constraints.packing import (
    BEFORE,
    CHANGES,
    CONTEXT,
    DISCHARGING,
    DISCHARGING_FROM,
    EVENTS,
    FRAME,
    FRAMES,
    INNER,
    IS_LAST,
    ITEMS,
    ITEMS_FROM,
    LABELED,
    LABELED_FROM,
    LABELS,
    LED_ON,
    LHS,
    N_LABELS,
    NEUTRAL,
    NEUTRAL_FROM,
    PLACE,
    PLAN,
    PROMISED,
    SHORTEST,
    TERMINALS,
    TURN,
)
from grae.grammar.sentential import CLOSES, FORCED

MOST_TRIES = 256
MOST_CHANGES = 1
MOST_FRAMES = 128  # maximum depth of the search: nonterminals of a stack that a plan expands
_START, CONSUME, ACCEPTS, COPY, OBLIGATIONS, PENDING = FUNCTIONS


class Language(NamedTuple):
    """The arguments of the search: an automaton's functions and tables, and the program of a grammar.

    Created in compiled code from the functions, because a tuple of them cannot be passed from Python.
    """

    consume: object
    accepts: object
    copy: object
    obligations: object
    pending: object
    tables: np.ndarray
    program: np.ndarray


class Workspace(NamedTuple):
    """The memory of a search, for one at a time.

    Attributes:
        states: int32, the current state of the walk, then the states before each expanded nonterminal.
        space: int32, the rest, packed.
    """

    states: np.ndarray
    space: np.ndarray


LANGUAGE = types.NamedTuple((CONSUME, ACCEPTS, COPY, OBLIGATIONS, PENDING, VECTOR, VECTOR), Language)
WORKSPACE = types.NamedUniTuple(VECTOR, 2, Workspace)


@compiled(int64(LANGUAGE, VECTOR, VECTOR, VECTOR, int64))
def _pending_labels(language, state, space, stack, height):
    """Writes the part `EVENTS`: the labels that the terminals on the stack will write; returns their number.

    Only those before the end of a hole count: the sentential form discharges what follows it.
    """
    context = space[space[CONTEXT] :]
    language.pending(language.tables, state, context, BEGIN)
    n_terminals = int64(language.program[language.program[TERMINALS]])
    n = 0
    for place in range(height - 1, -1, -1):
        symbol = int64(stack[place])
        if -symbol - 1 == n_terminals + CLOSES:
            break
        if is_fixed(symbol) or -symbol - 1 >= n_terminals:
            continue
        label = language.pending(language.tables, state, context, NONTERMINAL if symbol >= 0 else -symbol - 1)
        if label >= 0:
            space[space[EVENTS] + 2 * n] = place
            space[space[EVENTS] + 2 * n + 1] = label
            n += 1
    return n


@compiled(int64(VECTOR, VECTOR, VECTOR, int64))
def _promise(program, space, stack, height):
    """Writes the part `PROMISED`; returns the total length. Forced productions and segment ends count as one each."""
    promised = int64(0)
    for place in range(height):
        space[space[PROMISED] + place] = promised
        if stack[place] >= FORCED:
            promised += 1
        elif stack[place] >= 0:
            promised += program[program[SHORTEST] + stack[place]]
    return promised


@compiled(types.boolean(VECTOR, VECTOR, int64))
def _is_last(program, stack, place):
    """Whether there is no nonterminal below a stack position, or none before the end of its hole."""
    end = -(int64(program[program[TERMINALS]]) + CLOSES) - 1
    for below in range(place - 1, -1, -1):
        symbol = int64(stack[below])
        if symbol == end:
            return True
        if symbol >= 0 and not is_fixed(symbol):
            return False
    return True


@compiled(types.boolean(VECTOR, VECTOR, VECTOR, int64, int64, int64))
def _open_frame(program, space, stack, depth, place, count):
    """Pushes a frame onto `depth` others, unless too many of them would deviate; returns whether it did."""
    frame = space[FRAMES] + FRAME * depth
    above = frame - FRAME
    changes = int64(space[above + CHANGES] + space[above + LED_ON]) if depth > 0 else 0
    if changes > MOST_CHANGES:
        return False
    if depth > 0:
        space[above + LED_ON] = 1
    space[frame + PLACE] = place
    space[frame + BEFORE] = count
    space[frame + TURN] = 0
    space[frame + CHANGES] = changes
    space[frame + LED_ON] = 0
    space[frame + IS_LAST] = _is_last(program, stack, place)
    return True


@compiled(int64(LANGUAGE, VECTOR, VECTOR, int64, int64))
def _left_open(language, state, space, place, n_events):
    """Writes to `LABELS` the obligations left if only the terminals below a position are read; returns their number."""
    labels = space[space[LABELS] :]
    n = language.obligations(language.tables, state, labels)
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


@compiled(int64(LANGUAGE, VECTOR, VECTOR, int64, int64, int64))
def _completion(language, state, space, nonterminal, frame, n_events):
    """The next completion to try for a frame; `REFUSED` after the last.

    Neutral ones come before those that discharge obligations; for the last nonterminal, after them.
    """
    program = language.program
    turn, place, is_last = int64(space[frame + TURN]), int64(space[frame + PLACE]), space[frame + IS_LAST]
    neutral = program[NEUTRAL_FROM] + nonterminal
    n_neutral = program[neutral + 1] - program[neutral]
    if not is_last and turn < n_neutral:
        return program[program[NEUTRAL] + program[neutral] + turn]
    n = min(_left_open(language, state, space, place, n_events), MOST_OBLIGATIONS)
    discharging = program[DISCHARGING_FROM] + nonterminal * (MOST_OBLIGATIONS + 1) + n
    n_discharging = program[discharging + 1] - program[discharging]
    at = turn if is_last else turn - n_neutral
    if at < n_discharging:
        return program[program[DISCHARGING] + program[discharging] + at]
    at -= n_discharging
    if is_last and at < n_neutral:
        return program[program[NEUTRAL] + program[neutral] + at]
    return REFUSED


@compiled(int64(CONSUME, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64, int64, int64))
def _follow(consume, tables, program, state, space, symbol, completion, before, most):
    """Expands a nonterminal or a segment by a completion on the walk's state, with the labels in the workspace.

    Returns:
        The new length of the plan; `REFUSED` if the automaton rejects a terminal, or the length exceeds `most`.
    """
    inner = space[space[INNER] :]
    inner[0] = symbol
    height, count, n_written = int64(1), before, 0
    begins = program[ITEMS_FROM] + completion
    for place in range(program[begins], program[begins + 1]):
        item = program[program[ITEMS] + place]
        first, last = int64(0), int64(1)
        if item < 0:
            row = (-item - 1) * program[program[N_LABELS]] + space[space[LABELS] + n_written]
            n_written += 1
            first = int64(program[program[LABELED_FROM] + row])
            last = int64(program[program[LABELED_FROM] + row + 1])
        if first == last or count + last - first > most:
            return REFUSED
        for at in range(first, last):
            production = int64(item) if item >= 0 else int64(program[program[LABELED] + at])
            if height == 0 or nonterminal_of(int64(inner[height - 1])) != program[program[LHS] + production]:
                return REFUSED
            space[space[PLAN] + count] = production
            count += 1
            height = expand(consume, tables, program, state, inner, height, production)
            if height == REFUSED:
                return REFUSED
    return count if height == 0 else REFUSED


@compiled(int64(LANGUAGE, WORKSPACE, VECTOR, int64, int64, int64))
def plan(language, workspace, stack, height, size, most):
    """Searches for a plan of at most `most` productions, and writes it to the part `PLAN` of the workspace.

    The first of the workspace's states, of `size` integers each, is that of the derivation; it is overwritten.

    Returns:
        The length of the plan; `REFUSED` if none was found.
    """
    states, space = workspace
    state = states[:size]
    n_events = _pending_labels(language, state, space, stack, height)
    if _promise(language.program, space, stack, height) > most:
        return REFUSED
    place, count, depth, tries = height - 1, int64(0), 0, 0
    while True:
        # Read the terminals down to the next nonterminal, and open a frame for it.
        is_read = True
        while is_read and place >= 0 and (stack[place] < 0 or is_fixed(stack[place])):
            if stack[place] < 0:
                is_read = language.consume(language.tables, state, -int64(stack[place]) - 1)
            else:
                space[space[PLAN] + count] = fixed_production(language.program, int64(stack[place]))
                count += 1
            place -= 1
        if is_read and place < 0 and language.accepts(language.tables, state):
            return count
        is_open = is_read and place >= 0 and depth < MOST_FRAMES
        if is_open and _open_frame(language.program, space, stack, depth, place, count):
            depth += 1
            language.copy(language.tables, state, states[depth * size : (depth + 1) * size])
        # Expand the last nonterminal with an untried completion, backtracking if necessary.
        count = REFUSED
        while count == REFUSED:
            if depth == 0 or tries == MOST_TRIES:
                return REFUSED
            frame = space[FRAMES] + FRAME * (depth - 1)
            before = states[depth * size : (depth + 1) * size]
            place = int64(space[frame + PLACE])
            nonterminal = nonterminal_of(int64(stack[place]))
            completion = _completion(language, before, space, nonterminal, frame, n_events)
            if completion == REFUSED:
                depth -= 1
                continue
            tries += 1
            space[frame + TURN] += 1
            language.copy(language.tables, before, state)
            room = most - space[space[PROMISED] + place]
            count = _follow(
                language.consume,
                language.tables,
                language.program,
                state,
                space,
                int64(stack[place]),
                completion,
                int64(space[frame + BEFORE]),
                room,
            )
        place -= 1


@compiled(
    int64(CONSUME, ACCEPTS, COPY, OBLIGATIONS, PENDING, VECTOR, VECTOR, WORKSPACE, VECTOR, int64, int64, int64),
)
def find_plan(
    consume, accepts, copy, obligations, pending, tables, program, workspace, stack, height, size, most
):  # fmt: skip
    """`plan` for calls from Python, with the language's parts as arguments."""
    language = Language(consume, accepts, copy, obligations, pending, tables, program)
    return plan(language, workspace, stack, height, size, most)
