"""Expansion by a production under a language automaton: its right-hand side is pushed, its terminals are read.

A stack holds int32 symbols: k for nonterminal k, -(t + 1) for terminal t, and the special symbols of a sentential form
(`grae.grammar.sentential`). A segment is expanded by right-recursive productions, each of which ends in the segment
again, and by the empty production, which ends it.
"""

from numba import int64, types

from grae.compilation import compiled
from grae.constraints.automaton import CONSUME, VECTOR
from grae.constraints.packing import ALTERNATIVES, CHOICES_FROM, POPS, RHS, RHS_FROM, SYMBOLS, SYMBOLS_FROM
from grae.grammar.sentential import CHOICE, FORCED, SEGMENT

REFUSED = -1


@compiled()
def is_fixed(symbol):
    """Whether a symbol on a stack is a forced production or a choice."""
    return FORCED <= symbol < SEGMENT or symbol >= CHOICE


@compiled()
def fixed_production(program, symbol):
    """The forced production, or the first of a choice."""
    if symbol < SEGMENT:
        return int64(symbol - FORCED)
    return int64(program[program[ALTERNATIVES] + program[program[CHOICES_FROM] + symbol - CHOICE]])


@compiled()
def nonterminal_of(symbol):
    """The nonterminal of a symbol on a stack that is neither a terminal nor fixed."""
    return symbol - SEGMENT if symbol >= SEGMENT else symbol


@compiled(int64(types.FunctionType(CONSUME), VECTOR, VECTOR, VECTOR, int64))
def read(consume, tables, state, stack, height):
    """Reads the terminals on top; returns the new height, or `REFUSED` if one is rejected."""
    while height > 0 and stack[height - 1] < 0:
        if not consume(tables, state, -int64(stack[height - 1]) - 1):
            return REFUSED
        height -= 1
    return height


@compiled(int64(types.FunctionType(CONSUME), VECTOR, VECTOR, VECTOR, VECTOR, int64, int64))
def expand(consume, tables, program, state, stack, height, production):
    """Replaces the nonterminal on top by a right-hand side, and reads the terminals that come to the top.

    Returns:
        The new height; `REFUSED` if the automaton rejects a terminal. The stack below the old top is unchanged.
    """
    height -= 1
    symbol = int64(stack[height])
    if not is_fixed(symbol):
        begins = program[RHS_FROM] + production
        first, last = int64(program[begins]), int64(program[begins + 1])
        if symbol >= SEGMENT and last > first:
            if program[program[RHS] + last - 1] != symbol - SEGMENT:
                return REFUSED
            height += 1
            last -= 1
        for place in range(last - 1, first - 1, -1):
            stack[height] = program[program[RHS] + place]
            height += 1
    return read(consume, tables, state, stack, height)


@compiled(int64(types.FunctionType(CONSUME), VECTOR, VECTOR, VECTOR, VECTOR, int64, int64))
def take(consume, tables, program, state, stack, height, alternative):
    """Takes an alternative of the choice on top, and reads the terminals that come to the top; returns as `expand`."""
    height -= program[program[POPS] + alternative]
    begins = program[SYMBOLS_FROM] + alternative
    for place in range(program[begins + 1] - 1, program[begins] - 1, -1):
        stack[height] = program[program[SYMBOLS] + place]
        height += 1
    return read(consume, tables, state, stack, height)
