import sys
from itertools import islice

import pytest
from rdkit.Chem import QED

from grae.chemistry import drug_likeness, log_p, properties, read
from grae.datasets import open_source


def test_properties_of_aspirin():
    found = properties("CC(=O)Oc1ccccc1C(=O)O")
    assert found is not None
    assert found.logp == pytest.approx(1.3101, abs=1e-4)
    assert found.sa == pytest.approx(1.58, abs=0.01)
    assert found.qed == pytest.approx(0.5501, abs=1e-3)
    assert found.weight == pytest.approx(180.159, abs=1e-2)
    assert found.heavy_atoms == 13


@pytest.mark.parametrize("name", ["wehi", "nci"])
def test_drug_likeness_with_a_known_logp_is_that_of_rdkit(name: str):
    odd = ["[H][H]", "[2H]C", "[H+]", "*", "[Na+].[Cl-]", "C[H]", "[H]O[H]", "F.F.F.F"]
    molecules = [read(text) for text in [*islice(open_source(name).texts(), 200), *odd]]
    for molecule in filter(None, molecules):
        assert drug_likeness(molecule, log_p(molecule)) == QED.qed(molecule)


def test_a_molecule_and_its_smiles_agree():
    assert properties(read("CCO")) == properties("CCO")


@pytest.mark.parametrize("nothing", [None, "", "C1CC", "not a molecule"])
def test_no_properties_without_a_molecule(nothing):
    assert properties(nothing) is None


def test_the_import_path_stays_as_it_is():
    before = list(sys.path)
    properties("CCO")
    assert sys.path == before
