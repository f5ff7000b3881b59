"""How many bonds an atom can have: RDKit's valence model, asked atom by atom and kept as a table."""

from functools import cache

import numpy as np
from rdkit import Chem, rdBase

MOST_CHARGE = 15  # of either sign; RDKit reads charges up to 127 and wraps around behind that
UNLIMITED = 1 << 20
_ASKED = 16  # bonds; who has so many may have any number


@cache
def symbols() -> tuple[str, ...]:
    """The symbols of the elements by atomic number; "*" for 0, the atom that may be any."""
    table = Chem.GetPeriodicTable()
    return tuple(table.GetElementSymbol(number) for number in range(119))


@cache
def capacities() -> np.ndarray:
    """The greatest sum of bond orders and hydrogens that an atom may have.

    RDKit allows a charged atom the valences of the element with as many electrons, with exceptions of its own, such as
    hypervalent anions of phosphorus and sulfur. So each atom is made, and RDKit is asked about ever more hydrogens.

    Returns:
        (119, 2 * MOST_CHARGE + 1) int32 by atomic number and charge + MOST_CHARGE; `UNLIMITED` where any number goes,
        -1 where not even the lone atom does. Read only.
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
