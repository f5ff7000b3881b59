"""The state of the SMILES automaton, an int32 vector."""

from grae.compilation import compiled
from grae.constraints.automaton import ACCEPTS, COPY, OBLIGATIONS, START
from grae.grammar.sentential import CLOSES, OPENS_BONDED

N_LABELS = 100
N_SECOND = 27  # no second letter, or one of 26

SPELLING_FROM, SPELLING, SYMBOLS, CAPACITIES, SIZES = range(5)  # parts of the tables

# A state: registers, then atom and bond of each label (the atom is negative if the label is locked), then the lists of
# open branches, of atoms (free valence, parent) and of ring bonds (two atoms), with `room` entries each.
(
    PHASE,
    ATOMS,  # so far
    CURRENT,  # the atom that the next one is bonded to; -1 at the start of a component
    DEPTH,  # open branches
    BOND,  # explicit bond before the next atom or label; 0 for none
    RING_BONDS,  # closed so far
    OPEN,  # open ring bonds
    USED,  # 1 + the highest label so far
    NUMBER,  # the number being read
    DIGITS,  # its digits so far
    LIMIT,  # its maximum
    ELEMENT,
    CHARGE,
    HYDROGENS,
    HOLE,  # the kind of template hole being read; see below
    LOCKED,  # ring bonds opened before the hole
    REGISTERS,
) = range(17)

NO_HOLE, PLAIN, EMPTY, BONDED_ONCE = range(4)
"""Kinds of holes: none, any, an attachment point before its first atom, and after it."""

# Phases, by what has just been read.
(
    NOTHING,  # or a dot
    ATOM,  # an atom, a label or a closed branch
    BRANCH,  # (
    BONDED,
    BRANCH_BONDED,  # a bond after (
    PERCENT,
    BRACKET,  # [
    ISOTOPE,
    LETTER,  # the first of a symbol
    SYMBOL,
    AT,
    AT_AT,
    GEOMETRY,  # @ and a letter, or two
    ARRANGEMENT,  # the digits of a geometry
    HYDROGEN,
    HYDROGEN_COUNT,
    SIGN,
    SIGN_SIGN,
    CHARGE_NUMBER,
    CLASS,
    CLASS_NUMBER,
) = range(21)


@compiled(START)
def start(tables, state):
    """The empty string: no atom, no label in use."""
    state[:REGISTERS] = 0
    state[CURRENT] = -1
    state[REGISTERS : REGISTERS + 2 * N_LABELS] = 0


@compiled(COPY)
def copy(tables, source, target):
    """Copies the registers and the used part of each list."""
    room = tables[tables[SIZES]]
    for place in range(REGISTERS + 2 * source[USED]):
        target[place] = source[place]
    branches = REGISTERS + 2 * N_LABELS
    for place in range(branches, branches + source[DEPTH]):
        target[place] = source[place]
    atoms = branches + room
    for place in range(atoms, atoms + 2 * source[ATOMS]):
        target[place] = source[place]
    bonds = atoms + 2 * room
    for place in range(bonds, bonds + 2 * source[RING_BONDS]):
        target[place] = source[place]


@compiled(ACCEPTS)
def accepts(tables, state):
    """Whether there is an atom, and no branch, bond or ring bond is open."""
    return state[PHASE] == ATOM and state[DEPTH] == 0 and state[OPEN] == 0


@compiled(OBLIGATIONS)
def obligations(tables, state, labels):
    """The open ring bonds."""
    n = 0
    for label in range(state[USED]):
        if state[REGISTERS + 2 * label] > 0:
            labels[n] = label
            n += 1
    return n


@compiled()
def read_mark(state, mark):
    """Reads a mark around a hole of a template: ring bonds opened before a hole are locked in it."""
    if mark == CLOSES:
        if state[HOLE] == EMPTY or state[OPEN] != state[LOCKED]:
            return False
        state[HOLE] = NO_HOLE
        state[LOCKED] = 0
    else:
        state[HOLE] = EMPTY if mark == OPENS_BONDED else PLAIN
        state[LOCKED] = state[OPEN]
    for label in range(state[USED]):
        state[REGISTERS + 2 * label] = -state[REGISTERS + 2 * label]
    return True


@compiled()
def is_digit(byte):
    """Whether a byte is an ASCII digit."""
    return 48 <= byte <= 57


@compiled()
def begin_number(state, phase, limit):
    """Starts a number of at most `limit`, read by `add_digit` in a phase; always True."""
    state[PHASE] = phase
    state[NUMBER] = 0
    state[DIGITS] = 0
    state[LIMIT] = limit
    return True


@compiled()
def add_digit(state, byte):
    """Reads a digit of a number of at most three digits, without leading zeros and up to `LIMIT`; False rejects it."""
    if state[DIGITS] == 3 or (state[DIGITS] > 0 and state[NUMBER] == 0):
        return False
    state[NUMBER] = 10 * state[NUMBER] + byte - 48
    state[DIGITS] += 1
    return state[NUMBER] <= state[LIMIT]
