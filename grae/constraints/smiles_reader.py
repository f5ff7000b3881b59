"""SMILES in Kekule form, read character by character: valences, ring bonds, branches and brackets, compiled."""

from grae.chemistry.valences import MOST_CHARGE
from grae.compilation import compiled
from grae.constraints.automaton import ACCEPTS, BEGIN, CONSUME, COPY, NONTERMINAL, OBLIGATIONS, PENDING, START

N_LABELS = 100
N_SECOND = 27  # no second letter, or one of 26

# What a bond is, from the atom on its left to the one on its right: an order from 1 to 4, or one of these.
FORWARD = 5  # ->, dative: the atom on the right counts it, the one on the left, the donor, does not
BACKWARD = 6  # <-
UNSPECIFIED = 7  # ~, which neither counts

SPELLING_FROM, SPELLING, SYMBOLS, CAPACITIES, SIZES = range(5)  # the tables' parts

# A state: registers, then atom and bond of each label, then `room` each of branches, capacities, parents, ring bonds.
(
    PHASE,
    ATOMS,  # so far
    CURRENT,  # the atom that what follows is bonded to; -1 at the start of a part
    DEPTH,  # of branches
    BOND,  # that is written; 0 for none
    RING_BONDS,  # closed so far
    OPEN,  # ring bonds
    USED,  # 1 + the highest label so far
    NUMBER,  # the number that is being spelled
    DIGITS,  # of it
    LIMIT,  # of it
    ELEMENT,
    CHARGE,
    HYDROGENS,
    REGISTERS,
) = range(15)

# Phases, by what has just been read.
(
    NOTHING,  # or a dot
    ATOM,  # an atom, a label or a closed branch
    BRANCH,  # (
    BONDED,
    BRANCH_BONDED,  # a bond behind (
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


@compiled()
def _is_digit(byte):
    return 48 <= byte <= 57


@compiled()
def _left(bond):
    """What a bond takes of the capacity of the atom on its left; 0, no bond written, is a single one."""
    return 0 if bond in (FORWARD, UNSPECIFIED) else 1 if bond == BACKWARD else max(1, bond)


@compiled()
def _right(bond):
    return 0 if bond in (BACKWARD, UNSPECIFIED) else 1 if bond == FORWARD else max(1, bond)


@compiled()
def _reversed(bond):
    return BACKWARD if bond == FORWARD else FORWARD if bond == BACKWARD else bond


@compiled(START)
def start(tables, state):
    """Nothing read: no atom, no label in use."""
    state[:REGISTERS] = 0
    state[CURRENT] = -1
    state[REGISTERS : REGISTERS + 2 * N_LABELS] = 0


@compiled(COPY)
def copy(tables, source, target):
    """The registers, and the filled part of each list."""
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
    """No branch, bond or ring bond is open, and there is an atom."""
    return state[PHASE] == ATOM and state[DEPTH] == 0 and state[OPEN] == 0


@compiled(OBLIGATIONS)
def debts(tables, state, labels):
    """Open ring bonds."""
    n = 0
    for label in range(state[USED]):
        if state[REGISTERS + 2 * label] > 0:
            labels[n] = label
            n += 1
    return n


@compiled(PENDING)
def pending(tables, state, context, terminal):
    """Labels of one or two digits outside brackets.

    The context is whether it is inside, also of the parentheses of %(100); and digits and number behind a percent sign.
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
        elif _is_digit(byte) and not context[0]:
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
def _add_atom(tables, state, capacity):
    """A new atom, bonded to the current one where there is one."""
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
def _add_label(tables, state, label):
    """Opens a ring bond, or closes the open one with that label."""
    room = tables[tables[SIZES]]
    atoms = REGISTERS + 2 * N_LABELS + room
    place = REGISTERS + 2 * label
    current, bond = state[CURRENT], state[BOND]
    if bond == UNSPECIFIED:
        return False
    if state[place] == 0 or label >= state[USED]:
        if state[atoms + 2 * current] < _left(bond):
            return False
        while state[USED] <= label:  # places above the highest label hold anything
            state[REGISTERS + 2 * state[USED]] = 0
            state[USED] += 1
        state[atoms + 2 * current] -= _left(bond)
        state[place] = current + 1
        state[place + 1] = bond
        state[OPEN] += 1
    else:
        opener, opened = state[place] - 1, state[place + 1]
        bond = _reversed(bond)  # as the opener sees it
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
def _capacity(tables, element, charge):
    return tables[tables[CAPACITIES] + element * (2 * MOST_CHARGE + 1) + charge + MOST_CHARGE]


@compiled()
def _element(tables, first, second):
    """The atomic number of a symbol of one or two letters, given as bytes, the second 0 for none; -1 for no symbol."""
    column = 0 if second == 0 else second - 96
    return tables[tables[SYMBOLS] + (first - 65) * N_SECOND + column] - 1


@compiled()
def _begin_number(state, phase, limit):
    state[PHASE] = phase
    state[NUMBER] = 0
    state[DIGITS] = 0
    state[LIMIT] = limit
    return True


@compiled()
def _add_digit(state, byte):
    """Goes on with a number of at most three digits and no leading zero, up to its limit."""
    if state[DIGITS] == 3 or (state[DIGITS] > 0 and state[NUMBER] == 0):
        return False
    state[NUMBER] = 10 * state[NUMBER] + byte - 48
    state[DIGITS] += 1
    return state[NUMBER] <= state[LIMIT]


@compiled()
def _bond(byte, following):
    """The bond that a byte, with the one that follows, begins; 0 for none."""
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
    """Reads outside brackets; how many bytes were read, one or two, or 0 to refuse."""
    phase = state[PHASE]
    if phase == PERCENT:
        if not _is_digit(byte) or not _add_digit(state, byte) or state[NUMBER] == 0:
            return 0
        return 1 if state[DIGITS] < 2 or _add_label(tables, state, state[NUMBER]) else 0
    if _is_digit(byte):
        return 1 if phase in (ATOM, BONDED) and _add_label(tables, state, byte - 48) else 0
    if byte == ord("["):
        state[PHASE] = BRACKET
        state[ELEMENT] = state[CHARGE] = state[HYDROGENS] = 0
        return 1
    if byte == ord("*"):
        return 1 if _add_atom(tables, state, _capacity(tables, 0, 0)) else 0
    if byte in (ord("B"), ord("C"), ord("N"), ord("O"), ord("P"), ord("S"), ord("F"), ord("I")):
        second = 0
        if (byte == ord("C") and following == ord("l")) or (byte == ord("B") and following == ord("r")):
            second = following
        element = _element(tables, byte, second)
        return (1 if second == 0 else 2) if _add_atom(tables, state, _capacity(tables, element, 0)) else 0
    bond = _bond(byte, following)
    if bond > 0:
        if phase not in (ATOM, BRANCH):
            return 0
        state[BOND] = bond
        state[PHASE] = BONDED if phase == ATOM else BRANCH_BONDED
        return 2 if bond in (FORWARD, BACKWARD) else 1
    if byte == ord("%"):
        return 1 if phase in (ATOM, BONDED) and _begin_number(state, PERCENT, N_LABELS - 1) else 0
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
        state[CURRENT] = -1
        state[PHASE] = NOTHING
        return 1
    return 0


@compiled()
def _read_bracket(tables, state, byte):
    """Reads inside brackets: isotope, symbol, neighbors' order, hydrogens, charge, class."""
    phase = state[PHASE]
    if _is_digit(byte):
        if phase == BRACKET:
            return _begin_number(state, ISOTOPE, 999) and _add_digit(state, byte)
        if phase == HYDROGEN:
            state[HYDROGENS] = byte - 48
            state[PHASE] = HYDROGEN_COUNT
            return True
        if phase == SIGN:
            return _begin_number(state, CHARGE_NUMBER, MOST_CHARGE) and _add_digit(state, byte)
        if phase == CLASS:
            return _begin_number(state, CLASS_NUMBER, 999) and _add_digit(state, byte)
        if phase == ARRANGEMENT:
            return _add_digit(state, byte) and state[NUMBER] > 0
        return phase in (ISOTOPE, CHARGE_NUMBER, CLASS_NUMBER) and _add_digit(state, byte)
    if phase in (BRACKET, ISOTOPE):
        if byte == ord("*"):
            state[PHASE] = SYMBOL
            return True
        if not 65 <= byte <= 90:
            return False
        state[ELEMENT] = byte
        state[PHASE] = LETTER
        return True
    if phase == LETTER:
        second = byte if 97 <= byte <= 122 else 0
        state[ELEMENT] = _element(tables, state[ELEMENT], second)
        if state[ELEMENT] < 0:
            return False
        phase = state[PHASE] = SYMBOL
        if second:
            return True
    if phase in (AT, GEOMETRY):
        if phase == AT and byte == ord("@"):
            state[PHASE] = AT_AT
            return True
        if phase == AT and byte in (ord("T"), ord("A"), ord("S"), ord("O")):
            state[PHASE] = GEOMETRY
            state[NUMBER] = byte
            return True
        if phase == GEOMETRY:
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
            return limit > 0 and _begin_number(state, ARRANGEMENT, limit)
    if byte == ord("@"):
        state[PHASE] = AT
        return phase == SYMBOL and state[ELEMENT] != 1
    if byte == ord("H"):
        state[PHASE] = HYDROGEN
        state[HYDROGENS] = 1
        return phase in (SYMBOL, AT, AT_AT, ARRANGEMENT)
    if byte == ord("+") or byte == ord("-"):
        sign = 1 if byte == ord("+") else -1
        if phase == SIGN and state[CHARGE] == sign:
            state[CHARGE] = 2 * sign
            state[PHASE] = SIGN_SIGN
            return True
        state[CHARGE] = sign
        state[PHASE] = SIGN
        return phase < SIGN
    if phase == CLASS:
        return False
    if byte == ord(":"):
        if phase == CHARGE_NUMBER:
            state[CHARGE] *= state[NUMBER]
        state[PHASE] = CLASS
        return phase != CLASS_NUMBER
    if byte == ord("]"):
        if phase == CHARGE_NUMBER:
            state[CHARGE] *= state[NUMBER]
        capacity = _capacity(tables, state[ELEMENT], state[CHARGE])
        return _add_atom(tables, state, capacity - state[HYDROGENS])
    return False


@compiled(CONSUME)
def emit(tables, state, terminal):
    """Reads a terminal byte by byte."""
    place = tables[tables[SPELLING_FROM] + terminal]
    end = tables[tables[SPELLING_FROM] + terminal + 1]
    spelling = tables[SPELLING]
    while place < end:
        byte = tables[spelling + place]
        if state[PHASE] >= BRACKET:
            if not _read_bracket(tables, state, byte):
                return False
            place += 1
        else:
            read = _read(tables, state, byte, tables[spelling + place + 1] if place + 1 < end else 0)
            if read == 0:
                return False
            place += read
    return True
