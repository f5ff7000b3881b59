"""What a molecule is made of: its fingerprint, its fragments, its scaffold, as the MOSES benchmark takes them.

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
SCAFFOLD_RINGS = 2  # at least; what has fewer counts as having no scaffold


def fingerprint(molecule: Chem.Mol) -> np.ndarray:
    """The Morgan fingerprint of radius 2 and 1024 bits, without chirality, packed: (16,) uint64."""
    bits = _generator().GetFingerprint(molecule)
    return np.frombuffer(DataStructs.BitVectToBinaryText(bits), np.uint64)


def tanimoto(one: str, others: Sequence[str]) -> np.ndarray:
    """Tanimoto similarities of the fingerprints of molecules to that of one, (n,) float64; 0 where one is not valid.

    Args:
        one: a SMILES.
        others: n of them.
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
    """The canonical SMILES of all pieces that cutting every BRICS bond leaves (Degen et al., ChemMedChem 3, 2008).

    A piece that occurs twice is there twice; where nothing can be cut, the molecule is the one piece.
    """
    with rdBase.BlockLogs():
        return Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(molecule)).split(".")


def scaffold(molecule: Chem.Mol) -> str | None:
    """The canonical SMILES of the scaffold: rings and what links them (Bemis and Murcko, J. Med. Chem. 39, 1996).

    None where the scaffold has fewer than `SCAFFOLD_RINGS` rings, or RDKit cannot take it.
    """
    return murcko(molecule, rings=SCAFFOLD_RINGS) or None


def murcko(molecule: Chem.Mol, *, rings: int = 1) -> str | None:
    """The canonical SMILES of a scaffold.

    None where the scaffold has fewer rings than asked for, or RDKit cannot take it.
    """
    with rdBase.BlockLogs():
        try:
            core = MurckoScaffold.GetScaffoldForMol(molecule)
        except (ValueError, RuntimeError):
            return None
        if core.GetRingInfo().NumRings() < rings:
            return None
        return Chem.MolToSmiles(core)


@cache
def _generator():
    return rdFingerprintGenerator.GetMorganGenerator(radius=FINGERPRINT_RADIUS, fpSize=FINGERPRINT_BITS)
