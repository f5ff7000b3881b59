"""Values of molecules for conditions, in addition to targets: sizes, and quantities of drug-likeness rules."""

from collections.abc import Callable, Sequence

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

from grae.chemistry import log_p, molecular_weight, read, synthetic_accessibility
from grae.errors import ParseError

PROPERTIES: dict[str, tuple[Callable[[Chem.Mol], float], str]] = {
    "logP": (log_p, "octanol-water partition coefficient (Crippen)"),
    "SA": (synthetic_accessibility, "synthetic accessibility, 1 to 10"),
    "weight": (molecular_weight, "weight, g/mol"),
    "heavy_atoms": (Chem.Mol.GetNumHeavyAtoms, "heavy atoms"),
    "rings": (rdMolDescriptors.CalcNumRings, "rings"),
    "aromatic_rings": (rdMolDescriptors.CalcNumAromaticRings, "aromatic rings"),
    "TPSA": (rdMolDescriptors.CalcTPSA, "topological polar surface area, square angstroms"),
    "HBD": (rdMolDescriptors.CalcNumHBD, "hydrogen-bond donors"),
    "HBA": (rdMolDescriptors.CalcNumHBA, "hydrogen-bond acceptors"),
    "rotatable_bonds": (rdMolDescriptors.CalcNumRotatableBonds, "rotatable bonds"),
    "charge": (Chem.GetFormalCharge, "formal charge"),
}


def of_molecules(value: Callable[[Chem.Mol], float]) -> Callable[[Sequence[str]], np.ndarray]:
    """Turns a function of molecules into one of strings, (n,) float64; NaN for invalid strings."""

    def measure(strings: Sequence[str]) -> np.ndarray:
        measured = np.full(len(strings), np.nan)
        with rdBase.BlockLogs():
            for row, text in enumerate(strings):
                molecule = read(text)
                if molecule is not None:
                    measured[row] = value(molecule)
        return measured

    return measure


def matches(smarts: str, text: str, position: int) -> Callable[[Sequence[str]], np.ndarray]:
    """A function that returns 1 for molecules that contain a pattern, else 0; NaN for invalid strings.

    Args:
        smarts: the pattern.
        text: the condition, for messages.
        position: position of the pattern in the condition.

    Raises:
        ParseError: RDKit cannot read the pattern.
    """
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(smarts)
    if pattern is None or not pattern.GetNumAtoms():
        raise ParseError(
            text,
            position,
            reason=f"condition (--where): RDKit reads no SMARTS {smarts!r}",
            remedy="check the pattern, such as 'c1ccccc1' or '[N+](=O)[O-]'",
        )
    return of_molecules(lambda molecule: float(molecule.HasSubstructMatch(pattern)))
