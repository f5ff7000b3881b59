"""Structural features of a molecule as in the MOSES benchmark: fingerprint, fragments, scaffold.

Source: Polykovskiy et al., Frontiers in Pharmacology 11, 2020; `moses/metrics/utils.py` of molecularsets/moses.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold

from grae.chemistry.reading import read

FINGERPRINT_BITS = 1024
FINGERPRINT_RADIUS = 2
SCAFFOLD_RINGS = 2  # minimum; scaffolds with fewer do not count


def fingerprint(molecule: Chem.Mol) -> np.ndarray:
    """The Morgan fingerprint of radius 2 and 1024 bits, without chirality, packed: (16,) uint64."""
    bits = _generator().GetFingerprint(molecule)
    return np.frombuffer(DataStructs.BitVectToBinaryText(bits), np.uint64)


def tanimoto(one: str, others: Sequence[str]) -> np.ndarray:
    """Tanimoto similarities of molecules to a reference, (n,) float64; 0 if either is invalid.

    Args:
        one: SMILES of the reference.
        others: n SMILES.
    """
    similarities = np.zeros(len(others))
    reference = read(one)
    if reference is None:
        return similarities
    bits = fingerprint(reference)
    for row, molecule in enumerate(map(read, others)):
        if molecule is not None:
            mine = fingerprint(molecule)
            either = int(np.bitwise_count(bits | mine).sum())
            similarities[row] = int(np.bitwise_count(bits & mine).sum()) / either if either else 1.0
    return similarities


def fragments(molecule: Chem.Mol) -> list[str]:
    """The canonical SMILES of the BRICS fragments, with all BRICS bonds cut (Degen et al., ChemMedChem 3, 2008).

    A fragment that occurs twice is listed twice; a molecule without such bonds is its own fragment.
    """
    with rdBase.BlockLogs():
        return Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(molecule)).split(".")


def scaffold(molecule: Chem.Mol) -> str | None:
    """The canonical SMILES of the Bemis-Murcko scaffold (Bemis and Murcko, J. Med. Chem. 39, 1996).

    None if it has fewer than `SCAFFOLD_RINGS` rings, or RDKit cannot compute it.
    """
    return murcko(molecule, rings=SCAFFOLD_RINGS) or None


def murcko(molecule: Chem.Mol, *, rings: int = 1, isomeric: bool = True) -> str | None:
    """The canonical SMILES of the scaffold, with stereochemistry and isotopes if isomeric.

    None if it has fewer than the given number of rings, or RDKit cannot compute it.
    """
    with rdBase.BlockLogs():
        try:
            core = MurckoScaffold.GetScaffoldForMol(molecule)
        except (ValueError, RuntimeError):
            return None
        if core.GetRingInfo().NumRings() < rings:
            return None
        return Chem.MolToSmiles(core, isomericSmiles=isomeric)


@cache
def _generator():
    return rdFingerprintGenerator.GetMorganGenerator(radius=FINGERPRINT_RADIUS, fpSize=FINGERPRINT_BITS)
