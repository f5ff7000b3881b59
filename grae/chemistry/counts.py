"""Morgan fingerprints as counts, and sizes, of many molecules."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from grae.chemistry.reading import read
from grae.grammar.sparse_counts import Counts, counted

RADIUS = 3


@cache
def _generator() -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS)


def morgan_counts(smiles: Sequence[str]) -> Counts:
    """How often each circular substructure of radius at most 3 occurs (ECFP6 counts); none in an invalid string."""
    keys: list[np.ndarray] = []
    owners: list[np.ndarray] = []
    for row, text in enumerate(smiles):
        molecule = read(text)
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
    """Atoms other than hydrogen, (n,) int64; 0 where a string is not valid."""
    molecules = map(read, smiles)
    return np.array([0 if molecule is None else molecule.GetNumHeavyAtoms() for molecule in molecules], np.int64)
