"""Atoms and bonds of the SMILES automaton: free valences, and ring bonds opened and closed."""

from grae.chemistry.valences import MOST_CHARGE
from grae.compilation import compiled
from grae.constraints.smiles_state import (
    ATOM,
    ATOMS,
    BOND,
    BONDED_ONCE,
    CAPACITIES,
    CURRENT,
    EMPTY,
    HOLE,
    N_LABELS,
    N_SECOND,
    OPEN,
    PHASE,
    REGISTERS,
    RING_BONDS,
    SIZES,
    SYMBOLS,
    USED,
)

# Kinds of bonds, from the atom on the left to the one on the right: an order from 1 to 4, or one of these.
FORWARD = 5  # ->, dative: uses a valence of the atom on the right, none of the donor on the left
BACKWARD = 6  # <-, the reverse
UNSPECIFIED = 7  # ~, uses no valence


@compiled()
def _left(bond):
    """The valence that a bond uses of the atom on its left; 0, no explicit bond, is a single bond."""
    return 0 if bond in (FORWARD, UNSPECIFIED) else 1 if bond == BACKWARD else max(1, bond)


@compiled()
def _right(bond):
    return 0 if bond in (BACKWARD, UNSPECIFIED) else 1 if bond == FORWARD else max(1, bond)


@compiled()
def _reversed(bond):
    return BACKWARD if bond == FORWARD else FORWARD if bond == BACKWARD else bond


@compiled()
def add_atom(tables, state, capacity):
    """Adds an atom, bonded to the current one if there is one; False if a valence or the room is exceeded."""
    room = tables[tables[SIZES]]
    atom = state[ATOMS]
    if atom == room or capacity < 0:
        return False
    atoms = REGISTERS + 2 * N_LABELS + room
    parent = state[CURRENT]
    if parent >= 0:
        left, right = _left(state[BOND]), _right(state[BOND])
        if state[atoms + 2 * parent] < left or capacity < right:
            return False
        state[atoms + 2 * parent] -= left
        capacity -= right
    state[atoms + 2 * atom] = capacity
    state[atoms + 2 * atom + 1] = parent
    state[ATOMS] = atom + 1
    state[CURRENT] = atom
    state[BOND] = 0
    state[PHASE] = ATOM
    if state[HOLE] == EMPTY:
        state[HOLE] = BONDED_ONCE
    return True


@compiled()
def _are_bonded(tables, state, a, b):
    room = tables[tables[SIZES]]
    atoms = REGISTERS + 2 * N_LABELS + room
    if state[atoms + 2 * a + 1] == b or state[atoms + 2 * b + 1] == a:
        return True
    bonds = atoms + 2 * room
    for place in range(bonds, bonds + 2 * state[RING_BONDS], 2):
        one, other = state[place], state[place + 1]
        if (one == a and other == b) or (one == b and other == a):
            return True
    return False


@compiled()
def add_label(tables, state, label):
    """Opens a ring bond, or closes the open one with that label unless it is locked; False if that is not allowed."""
    room = tables[tables[SIZES]]
    atoms = REGISTERS + 2 * N_LABELS + room
    place = REGISTERS + 2 * label
    current, bond = state[CURRENT], state[BOND]
    if bond == UNSPECIFIED:
        return False
    if state[place] == 0 or label >= state[USED]:
        if state[atoms + 2 * current] < _left(bond):
            return False
        while state[USED] <= label:  # entries above the highest label are uninitialized
            state[REGISTERS + 2 * state[USED]] = 0
            state[USED] += 1
        state[atoms + 2 * current] -= _left(bond)
        state[place] = current + 1
        state[place + 1] = bond
        state[OPEN] += 1
    elif state[place] < 0:
        return False
    else:
        opener, opened = state[place] - 1, state[place + 1]
        bond = _reversed(bond)  # as seen from the opening atom
        if opener == current or (bond and opened and bond != opened):
            return False
        final = max(bond, opened)
        more = _left(final) - _left(opened)
        if state[atoms + 2 * opener] < more or state[atoms + 2 * current] < _right(final):
            return False
        if state[RING_BONDS] == room or _are_bonded(tables, state, opener, current):
            return False
        state[atoms + 2 * opener] -= more
        state[atoms + 2 * current] -= _right(final)
        bonds = atoms + 2 * room + 2 * state[RING_BONDS]
        state[bonds] = opener
        state[bonds + 1] = current
        state[RING_BONDS] += 1
        state[place] = 0
        state[OPEN] -= 1
    state[BOND] = 0
    state[PHASE] = ATOM
    return True


@compiled()
def capacity_of(tables, element, charge):
    """The maximum valence of an element with a charge; negative if it has none."""
    return tables[tables[CAPACITIES] + element * (2 * MOST_CHARGE + 1) + charge + MOST_CHARGE]


@compiled()
def element_of(tables, first, second):
    """The atomic number of a symbol of one or two letters, given as bytes, the second 0 for none; -1 if unknown."""
    column = 0 if second == 0 else second - 96
    return tables[tables[SYMBOLS] + (first - 65) * N_SECOND + column] - 1
