import sys

import pytest

from grae.chemistry import properties, read


def test_properties_of_aspirin():
    found = properties("CC(=O)Oc1ccccc1C(=O)O")
    assert found is not None
    assert found.logp == pytest.approx(1.3101, abs=1e-4)
    assert found.sa == pytest.approx(1.58, abs=0.01)
    assert found.qed == pytest.approx(0.5501, abs=1e-3)
    assert found.weight == pytest.approx(180.159, abs=1e-2)
    assert found.heavy_atoms == 13


def test_a_molecule_and_its_smiles_agree():
    assert properties(read("CCO")) == properties("CCO")


@pytest.mark.parametrize("nothing", [None, "", "C1CC", "not a molecule"])
def test_no_properties_without_a_molecule(nothing):
    assert properties(nothing) is None


def test_the_import_path_stays_as_it_is():
    before = list(sys.path)
    properties("CCO")
    assert sys.path == before
