"""SMILES in Kekule form, read byte by byte: the effect of a terminal on the state of the automaton, compiled."""

from grae.compilation import compiled
from grae.constraints.automaton import BEGIN, CONSUME, NONTERMINAL, PENDING
from grae.constraints.smiles_atoms import BACKWARD, FORWARD, UNSPECIFIED, add_atom, add_label, capacity_of, element_of
from grae.constraints.smiles_brackets import read_bracket
from grae.constraints.smiles_state import (
    ATOM,
    BOND,
    BONDED,
    BONDED_ONCE,
    BRACKET,
    BRANCH,
    BRANCH_BONDED,
    CHARGE,
    CURRENT,
    DEPTH,
    DIGITS,
    ELEMENT,
    EMPTY,
    HOLE,
    HYDROGENS,
    N_LABELS,
    NOTHING,
    NUMBER,
    PERCENT,
    PHASE,
    REGISTERS,
    SIZES,
    SPELLING,
    SPELLING_FROM,
    add_digit,
    begin_number,
    is_digit,
    read_mark,
)


@compiled(PENDING)
def pending(tables, state, context, terminal):
    """Recognizes labels of one or two digits outside brackets.

    The context holds whether the position is inside brackets or the parentheses of %(100), the number of digits still
    to come after a percent sign, and their value so far.
    """
    if terminal == BEGIN:
        context[0] = state[PHASE] >= BRACKET
        context[1] = 2 - state[DIGITS] if state[PHASE] == PERCENT else 0
        context[2] = state[NUMBER]
        return -1
    if terminal == NONTERMINAL:
        context[1] = 0
        return -1
    label = -1
    begin = tables[SPELLING] + tables[tables[SPELLING_FROM] + terminal]
    end = tables[SPELLING] + tables[tables[SPELLING_FROM] + terminal + 1]
    for place in range(begin, end):
        byte = tables[place]
        if byte == ord("[") or byte == ord("]"):
            context[0] = byte == ord("[")
        elif byte == ord("%"):
            context[1] = 2
            context[2] = 0
        elif byte == ord("(") and context[1] == 2:
            context[0] = 1
            context[1] = 0
        elif byte == ord(")"):
            context[0] = 0
        elif is_digit(byte) and not context[0]:
            if context[1] == 0:
                label = byte - 48
            else:
                context[1] -= 1
                context[2] = 10 * context[2] + byte - 48
                if context[1] == 0:
                    label = context[2]
                    context[2] = 0
    return label if label < N_LABELS else -1


@compiled()
def _bond(byte, following):
    """The bond that a byte begins, given the next one; 0 for none."""
    if byte == ord("-"):
        return FORWARD if following == ord(">") else 1
    if byte == ord("<"):
        return BACKWARD if following == ord("-") else 0
    if byte == ord("/") or byte == ord("\\"):
        return 1
    if byte == ord("~"):
        return UNSPECIFIED
    return 2 if byte == ord("=") else 3 if byte == ord("#") else 4 if byte == ord("$") else 0


@compiled()
def _read(tables, state, byte, following):
    """Reads outside brackets; returns the number of bytes read, one or two, or 0 to reject."""
    phase = state[PHASE]
    if state[HOLE] == EMPTY and not (byte == ord("[") or byte == ord("*") or ord("A") <= byte <= ord("Z")):
        return 0
    if phase == PERCENT:
        if not is_digit(byte) or not add_digit(state, byte) or state[NUMBER] == 0:
            return 0
        return 1 if state[DIGITS] < 2 or add_label(tables, state, state[NUMBER]) else 0
    if is_digit(byte):
        return 1 if phase in (ATOM, BONDED) and add_label(tables, state, byte - 48) else 0
    if byte == ord("["):
        state[PHASE] = BRACKET
        state[ELEMENT] = state[CHARGE] = state[HYDROGENS] = 0
        return 1
    if byte == ord("*"):
        return 1 if add_atom(tables, state, capacity_of(tables, 0, 0)) else 0
    if byte in (ord("B"), ord("C"), ord("N"), ord("O"), ord("P"), ord("S"), ord("F"), ord("I")):
        second = 0
        if (byte == ord("C") and following == ord("l")) or (byte == ord("B") and following == ord("r")):
            second = following
        element = element_of(tables, byte, second)
        return (1 if second == 0 else 2) if add_atom(tables, state, capacity_of(tables, element, 0)) else 0
    bond = _bond(byte, following)
    if bond > 0:
        if phase not in (ATOM, BRANCH):
            return 0
        state[BOND] = bond
        state[PHASE] = BONDED if phase == ATOM else BRANCH_BONDED
        return 2 if bond in (FORWARD, BACKWARD) else 1
    if byte == ord("%"):
        return 1 if phase in (ATOM, BONDED) and begin_number(state, PERCENT, N_LABELS - 1) else 0
    if phase != ATOM:
        return 0
    if byte == ord("("):
        room = tables[tables[SIZES]]
        if state[DEPTH] == room:
            return 0
        state[REGISTERS + 2 * N_LABELS + state[DEPTH]] = state[CURRENT]
        state[DEPTH] += 1
        state[PHASE] = BRANCH
        return 1
    if byte == ord(")") and state[DEPTH] > 0:
        state[DEPTH] -= 1
        state[CURRENT] = state[REGISTERS + 2 * N_LABELS + state[DEPTH]]
        return 1
    if byte == ord("."):
        if state[HOLE] == BONDED_ONCE:
            return 0
        state[CURRENT] = -1
        state[PHASE] = NOTHING
        return 1
    return 0


@compiled(CONSUME)
def consume(tables, state, terminal):
    """Reads a terminal byte by byte, or a mark."""
    n_terminals = tables[SPELLING] - tables[SPELLING_FROM] - 1
    if terminal >= n_terminals:
        return read_mark(state, terminal - n_terminals)
    place = tables[tables[SPELLING_FROM] + terminal]
    end = tables[tables[SPELLING_FROM] + terminal + 1]
    spelling = tables[SPELLING]
    while place < end:
        byte = tables[spelling + place]
        if state[PHASE] >= BRACKET:
            if not read_bracket(tables, state, byte):
                return False
            place += 1
        else:
            read = _read(tables, state, byte, tables[spelling + place + 1] if place + 1 < end else 0)
            if read == 0:
                return False
            place += read
    return True
