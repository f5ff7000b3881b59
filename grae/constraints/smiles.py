"""The automaton of SMILES in Kekule form, and the words with which plans complete strings.

RDKit reads and sanitizes every string that the automaton accepts. The automaton is stricter than RDKit where that is
simpler and excludes no molecule as RDKit writes it; it rejects

- aromatic atoms and bonds: whether they can be kekulized cannot be decided from left to right;
- valences beyond RDKit's, although RDKit corrects some (neutral nitro groups, perchlorate, bonds to metals) or ignores
  them (on hydrogens that it removes);
- explicit ring bonds whose two ends differ, of which RDKit uses the first; ring bonds of `~`, which RDKit reads as
  single;
- a dative ring bond that its donor opens as a plain number (`N1CC[Fe]<-1`) without a free valence: `kekule_all` starts
  at the atom that the arrows point to, so that this atom opens the bond;
- more than `room` atoms, open branches or ring bonds; numbers of more than three digits; charges beyond
  `MOST_CHARGE`;
- atoms of more than one letter outside brackets whose letters are separate terminals.
"""

from collections.abc import Sequence

import numpy as np

from grae.chemistry.valences import capacities, symbols
from grae.constraints import smiles_reader as reader
from grae.constraints import smiles_state as state
from grae.constraints.automaton import Automaton
from grae.constraints.packing import packed

_NEUTRAL = (
    ("", "+", "-"),
    ("C", "S", "*", "N", "O", "F", "P", "B", "I", "CC"),
    ("=", "#", "/", "\\"),
    ("H", "@", "@@"),
    (*tuple("123456789"), "0"),
    ("2C", "C:1", ":1", "+1", "-1", "@TH1", "@AL1", "@SP1", "@TB1", "@OH1"),
    ("[C]", "[CH3]", "[H]", "[2H]", "(C)", "(F)", "(=O)", "-1", "=1"),
)


def automaton(terminals: Sequence[str], room: int) -> Automaton:
    """The automaton for a grammar's terminals.

    Args:
        terminals: the terminals, in the order of their numbers.
        room: maximum number of atoms, open branches and ring bonds of a string.
    """
    spelled = [terminal.encode("utf-8", "surrogatepass") for terminal in terminals]
    spelling_from = np.cumsum([0, *map(len, spelled)])
    spelling = np.frombuffer(b"".join(spelled), np.uint8)
    elements = np.zeros((26, state.N_SECOND), np.int32)  # 1 + the atomic number
    for number, symbol in enumerate(symbols()):
        if symbol != "*":
            second = ord(symbol[1]) - ord("a") + 1 if len(symbol) == 2 else 0
            elements[ord(symbol[0]) - ord("A"), second] = 1 + number
    return Automaton(
        tables=packed([spelling_from, spelling, elements.ravel(), capacities().ravel(), np.array([room])]),
        size=state.REGISTERS + 2 * state.N_LABELS + 5 * room,
        start=state.start,
        consume=reader.consume,
        accepts=state.accepts,
        copy=state.copy,
        obligations=state.obligations,
        pending=reader.pending,
        labels=tuple(str(label) if label < 10 else f"%{label}" for label in range(state.N_LABELS)),
        usual="1",
        neutral=_NEUTRAL,
        discharging=_discharging,
        fillings=("C", "F", "O"),
    )


def _discharging(n: int) -> list[tuple[str, ...]]:
    """Ring bonds closed (or opened) on this atom, on a new one, on a new one each, and the same in a branch."""
    here = ("",) * (n + 1)
    on_one = ("C", *here[1:])
    beside = ("", *("C",) * (n - 1), "")
    near_each = ("C", *("C",) * (n - 1), "")
    on_each = ("CC", *("C",) * (n - 1), "")

    def around(before: str, pattern: tuple[str, ...], behind: str) -> tuple[str, ...]:
        return (before + pattern[0], *pattern[1:-1], pattern[-1] + behind)

    chains = [here, on_one, beside, near_each, on_each]
    longer = [around("", chain, "C") for chain in (on_one, near_each, on_each)]
    branches = [around(before, chain, ")") for before in ("(", "C(") for chain in (on_one, near_each, on_each)]
    return list(dict.fromkeys([*chains, *longer, *branches]))
