"""Counts of Morgan fingerprints and heavy atoms of many molecules."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from grae.chemistry import reading
from grae.chemistry.counts import heavy_atoms, morgan_counts, unpaired_electrons


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


def test_unpaired_electrons():
    smiles = ["CCO", "C[CH]C", "[O][O]", "C[N+](=O)[O-]", "C(", "[CH2]c1ccccc1"]
    np.testing.assert_array_equal(unpaired_electrons(smiles), [0, 1, 2, 0, 0, 1])


SPELLINGS = ["OCc1ccccc1", "C1=CC=CN=C1C#N", "N(C)(C)C", "C(", "[O-][N+](=O)c1ccccc1", "C[C@H](N)C(=O)O", "N->[Fe]"]


def test_a_molecule_is_parsed_once_for_all_that_a_search_needs(monkeypatch: pytest.MonkeyPatch):
    forms = [form for form in reading.canonical_all(SPELLINGS) if form is not None]
    kekule, counts, sizes = reading.kekule_all(forms), morgan_counts(forms), heavy_atoms(forms)
    parsed: list[str | None] = []
    read = reading._read
    monkeypatch.setattr(reading, "_read", lambda smiles: parsed.append(smiles) or read(smiles))
    with reading.parsed_once():
        assert [form for form in reading.canonical_all(SPELLINGS) if form is not None] == forms
        for _ in range(2):  # a Kekule form changes none of the molecules that are held
            assert reading.kekule_all(forms) == kekule
            for one, other in zip(morgan_counts(forms), counts, strict=True):
                np.testing.assert_array_equal(one, other)
            np.testing.assert_array_equal(heavy_atoms(forms), sizes)
        assert parsed == SPELLINGS
    reading.kekule_all(forms)
    assert parsed == [*SPELLINGS, *forms]


def test_only_so_many_molecules_are_held(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_PARSED", 2)
    with reading.parsed_once():
        reading.canonical_all(["C", "CC", "CCC", "CC"])
        assert set(reading._parsed.get() or {}) == {"CC", "CCC"}
    assert reading._parsed.get() is None
