"""Morgan count fingerprints, sizes and unpaired electrons of many molecules."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from grae.chemistry.reading import parsed
from grae.grammar.sparse_counts import Counts, counted

RADIUS = 3


@cache
def _generator() -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS)


def morgan_counts(smiles: Sequence[str]) -> Counts:
    """Counts of the circular substructures of radius up to 3 (ECFP6 counts); empty for an invalid string."""
    keys: list[np.ndarray] = []
    owners: list[np.ndarray] = []
    for row, molecule in enumerate(parsed(smiles)):
        if molecule is None:
            continue
        bits = _generator().GetSparseCountFingerprint(molecule).GetNonzeroElements()
        repeated = np.repeat(np.fromiter(bits.keys(), np.uint64), np.fromiter(bits.values(), np.int64))
        keys.append(repeated)
        owners.append(np.full(len(repeated), row))
    return counted(
        np.concatenate([np.empty(0, np.uint64), *keys]), np.concatenate([np.empty(0, np.int64), *owners]), len(smiles)
    )


def heavy_atoms(smiles: Sequence[str]) -> np.ndarray:
    """Number of atoms other than hydrogen, (n,) int64; 0 for an invalid string."""
    sizes = [0 if molecule is None else molecule.GetNumHeavyAtoms() for molecule in parsed(smiles)]
    return np.array(sizes, np.int64)


def unpaired_electrons(smiles: Sequence[str]) -> np.ndarray:
    """Number of unpaired electrons, (n,) int64; 0 for an invalid string."""
    counts = [
        0 if molecule is None else sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
        for molecule in parsed(smiles)
    ]
    return np.array(counts, np.int64)
