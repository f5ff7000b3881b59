"""A production expanded under a language automaton: its right-hand side on the stack, its terminals read.

A stack holds symbols, int32: k for the nonterminal k and -(t + 1) for the terminal t.
"""

from numba import int64, types

from grae.compilation import compiled
from grae.constraints.automaton import CONSUME, VECTOR
from grae.constraints.packing import RHS, RHS_FROM

REFUSED = -1


@compiled(int64(types.FunctionType(CONSUME), VECTOR, VECTOR, VECTOR, VECTOR, int64, int64))
def expand(consume, tables, program, state, stack, height, production):
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
        if not consume(tables, state, -int64(stack[height - 1]) - 1):
            return REFUSED
        height -= 1
    return height
