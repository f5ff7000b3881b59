"""Counts of Morgan fingerprints and heavy atoms of many molecules."""

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from grae.chemistry.counts import heavy_atoms, morgan_counts


def test_the_counts_are_rdkits():
    smiles = ["CCO", "c1ccccc1C(=O)O", "not a molecule", "C"]
    found = morgan_counts(smiles)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3)
    for row in (0, 1, 3):
        expected = generator.GetSparseCountFingerprint(Chem.MolFromSmiles(smiles[row])).GetNonzeroElements()
        some = slice(found.offsets[row], found.offsets[row + 1])
        assert dict(zip(found.keys[some].tolist(), found.counts[some].tolist(), strict=True)) == expected
    assert found.offsets[2] == found.offsets[3]
    assert len(morgan_counts([])) == 0


def test_heavy_atoms_leave_hydrogen_out():
    np.testing.assert_array_equal(heavy_atoms(["CCO", "[H][H]", "[2H]C", "C(", "c1ccccc1"]), [3, 0, 1, 0, 6])
