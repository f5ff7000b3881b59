import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

from grae.chemistry import fingerprint, fragments, read, scaffold

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def molecule(smiles: str) -> Chem.Mol:
    found = read(smiles)
    assert found is not None
    return found


def test_fingerprint_is_the_one_that_moses_takes():
    """RDKit's older function, which MOSES calls, gives the same bits."""
    for smiles in (ASPIRIN, "C", "C[C@H](N)C(=O)O", "c1ccc2[nH]ccc2c1", "F/C=C/F", "CC(C)CN(C)C(=O)c1ccsc1"):
        packed = fingerprint(molecule(smiles))
        assert (packed.shape, packed.dtype) == ((16,), np.uint64)
        with rdBase.BlockLogs():
            bits = rdMolDescriptors.GetMorganFingerprintAsBitVect(molecule(smiles), 2, nBits=1024)
        assert np.flatnonzero(np.unpackbits(packed.view(np.uint8), bitorder="little")).tolist() == list(
            bits.GetOnBits()
        )


def test_fingerprint_does_not_see_chirality():
    left, right = (fingerprint(molecule(smiles)) for smiles in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"))
    assert np.array_equal(left, right)


def test_fragments_are_all_pieces():
    assert sorted(fragments(molecule(ASPIRIN))) == sorted(
        ["[1*]C(C)=O", "[3*]O[3*]", "[16*]c1ccccc1[16*]", "[6*]C(=O)O"]
    )
    assert fragments(molecule("CC")) == ["CC"]
    assert len(fragments(molecule("CC(=O)Nc1ccc(NC(C)=O)cc1"))) == 5  # the two acetyls and the two amines twice


def test_scaffold_has_two_rings_at_least():
    assert scaffold(molecule(ASPIRIN)) is None
    assert scaffold(molecule("CC(=O)N")) is None
    assert scaffold(molecule("Cc1ccc(CCc2ccccc2)cc1")) == "c1ccc(CCc2ccccc2)cc1"
    assert scaffold(molecule("Oc1ccc2ccccc2c1")) == "c1ccc2ccccc2c1"
