"""The maximum valences of atoms, tabulated from RDKit's valence model."""

from functools import cache

import numpy as np
from rdkit import Chem, rdBase

MOST_CHARGE = 15  # of either sign; RDKit reads charges up to 127 and wraps around beyond
UNLIMITED = 1 << 20
_ASKED = 16  # hydrogens; an atom that may have this many has no limit


@cache
def symbols() -> tuple[str, ...]:
    """The symbols of the elements by atomic number; "*" for 0, the wildcard atom."""
    table = Chem.GetPeriodicTable()
    return tuple(table.GetElementSymbol(number) for number in range(119))


@cache
def capacities() -> np.ndarray:
    """The maximum sum of bond orders and hydrogens of an atom.

    RDKit gives a charged atom the valences of the isoelectronic element, with exceptions such as hypervalent anions of
    phosphorus and sulfur. The table is therefore found by trial: atoms with increasing numbers of hydrogens are passed
    to RDKit.

    Returns:
        (119, 2 * MOST_CHARGE + 1) int32 by atomic number and charge + MOST_CHARGE; `UNLIMITED` for no limit, -1 if not
        even the bare atom is valid. Read-only.
    """
    with rdBase.BlockLogs():
        table = np.array(
            [[_greatest(z, charge) for charge in range(-MOST_CHARGE, MOST_CHARGE + 1)] for z in range(119)], np.int32
        )
    table.setflags(write=False)
    return table


def _greatest(number: int, charge: int) -> int:
    molecule = Chem.RWMol()
    molecule.AddAtom(Chem.Atom(number))
    atom = molecule.GetAtomWithIdx(0)
    atom.SetFormalCharge(charge)
    atom.SetNoImplicit(True)
    for hydrogens in range(_ASKED + 1):
        atom.SetNumExplicitHs(hydrogens)
        try:
            atom.UpdatePropertyCache(True)
        except Chem.AtomValenceException:
            return hydrogens - 1
    return UNLIMITED
