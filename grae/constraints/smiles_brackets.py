"""Bracket atoms of the SMILES automaton, such as [13C@@H3+2:1], read byte by byte."""

from grae.chemistry.valences import MOST_CHARGE
from grae.compilation import compiled
from grae.constraints.smiles_atoms import add_atom, capacity_of, element_of
from grae.constraints.smiles_state import (
    ARRANGEMENT,
    AT,
    AT_AT,
    BRACKET,
    CHARGE,
    CHARGE_NUMBER,
    CLASS,
    CLASS_NUMBER,
    ELEMENT,
    EMPTY,
    GEOMETRY,
    HOLE,
    HYDROGEN,
    HYDROGEN_COUNT,
    HYDROGENS,
    ISOTOPE,
    LETTER,
    NUMBER,
    PHASE,
    SIGN,
    SIGN_SIGN,
    SYMBOL,
    add_digit,
    begin_number,
    is_digit,
)

HYDROGEN_ELEMENT = 1


@compiled()
def _read_digit(state, byte):
    """Reads a digit, which starts or continues a number."""
    phase = state[PHASE]
    if phase == BRACKET:
        return begin_number(state, ISOTOPE, 999) and add_digit(state, byte)
    if phase == HYDROGEN:
        state[HYDROGENS] = byte - 48
        state[PHASE] = HYDROGEN_COUNT
        return True
    if phase == SIGN:
        return begin_number(state, CHARGE_NUMBER, MOST_CHARGE) and add_digit(state, byte)
    if phase == CLASS:
        return begin_number(state, CLASS_NUMBER, 999) and add_digit(state, byte)
    if phase == ARRANGEMENT:
        return add_digit(state, byte) and state[NUMBER] > 0
    return phase in (ISOTOPE, CHARGE_NUMBER, CLASS_NUMBER) and add_digit(state, byte)


@compiled()
def _begin_symbol(state, byte):
    """Reads the first letter of an element, or a dummy atom."""
    if byte == ord("*"):
        state[PHASE] = SYMBOL
        return True
    state[ELEMENT] = byte
    state[PHASE] = LETTER
    return 65 <= byte <= 90


@compiled()
def _end_symbol(tables, state, second):
    """Completes the element of the previous letter and a second one, 0 for none; returns whether it exists."""
    state[ELEMENT] = element_of(tables, state[ELEMENT], second)
    state[PHASE] = SYMBOL
    return state[ELEMENT] >= 0


@compiled()
def _end_geometry(state, byte):
    """Reads the second letter of @TH, @AL, @SP, @TB or @OH; a number follows."""
    first = state[NUMBER]
    limit = 0
    if first == ord("T"):
        limit = 2 if byte == ord("H") else 20 if byte == ord("B") else 0
    elif first == ord("A"):
        limit = 2 if byte == ord("L") else 0
    elif first == ord("S"):
        limit = 3 if byte == ord("P") else 0
    elif byte == ord("H"):
        limit = 30
    return limit > 0 and begin_number(state, ARRANGEMENT, limit)


@compiled()
def _read_sign(state, sign):
    """Reads a sign, which starts a charge or is the second of ++ or --."""
    phase = state[PHASE]
    if phase == SIGN and state[CHARGE] == sign:
        state[CHARGE] = 2 * sign
        state[PHASE] = SIGN_SIGN
        return True
    state[CHARGE] = sign
    state[PHASE] = SIGN
    return phase < SIGN


@compiled()
def _end_charge(state):
    """Completes the charge by the number after its sign, if any."""
    if state[PHASE] == CHARGE_NUMBER:
        state[CHARGE] *= state[NUMBER]


@compiled()
def read_bracket(tables, state, byte):
    """Reads a byte inside brackets: isotope, symbol, chirality, hydrogens, charge, class; False rejects it."""
    if is_digit(byte):
        return _read_digit(state, byte)
    phase = state[PHASE]
    if phase in (BRACKET, ISOTOPE):
        return _begin_symbol(state, byte)
    if phase == LETTER:
        second = byte if 97 <= byte <= 122 else 0
        if not _end_symbol(tables, state, second):
            return False
        if second:
            return True
        phase = SYMBOL
    if phase == GEOMETRY:
        return _end_geometry(state, byte)
    if phase == AT and byte == ord("@"):
        state[PHASE] = AT_AT
        return True
    if phase == AT and byte in (ord("T"), ord("A"), ord("S"), ord("O")):
        state[PHASE] = GEOMETRY
        state[NUMBER] = byte
        return True
    if byte == ord("@"):
        state[PHASE] = AT
        return phase == SYMBOL and state[ELEMENT] != HYDROGEN_ELEMENT
    if byte == ord("H"):
        state[PHASE] = HYDROGEN
        state[HYDROGENS] = 1
        return phase in (SYMBOL, AT, AT_AT, ARRANGEMENT)
    if byte == ord("+") or byte == ord("-"):
        return _read_sign(state, 1 if byte == ord("+") else -1)
    if phase == CLASS:
        return False
    if byte == ord(":"):
        _end_charge(state)
        state[PHASE] = CLASS
        return phase != CLASS_NUMBER
    if byte == ord("]"):
        _end_charge(state)
        if state[HOLE] == EMPTY and state[ELEMENT] == HYDROGEN_ELEMENT:
            return False  # RDKit removes it: the attachment point would be empty
        capacity = capacity_of(tables, state[ELEMENT], state[CHARGE])
        return add_atom(tables, state, capacity - state[HYDROGENS])
    return False
