import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from grae.chemistry import KINDS, canonical, canonical_all, invalid_reason, kekule_all, problem, read

INVALID = {
    "C1CC": "unclosed ring",
    "C%12CC": "unclosed ring",
    "C11": "repeated ring bond",
    "C1C1": "repeated ring bond",
    "C12CC12": "repeated ring bond",
    "C(": "syntax",
    "C)C": "syntax",
    "[Xx]": "syntax",
    "CCO ethanol": "syntax",
    "c1cccc1": "kekulization",
    "cC": "kekulization",
    "C(C)(C)(C)(C)C": "valence",
    "F=C": "valence",
}


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_is_no_molecule(nothing):
    assert read(nothing) is None
    assert canonical(nothing) is None
    assert invalid_reason(nothing) == "syntax"


@pytest.mark.parametrize(("smiles", "kind"), INVALID.items())
def test_invalid_strings_are_told_apart(smiles, kind):
    assert read(smiles) is None
    assert canonical(smiles) is None
    found = problem(smiles)
    assert found is not None
    assert found.kind == invalid_reason(smiles) == kind
    assert found.message
    assert "\n" not in found.message


def test_valence_message_is_rdkits_own():
    found = problem("C(C)(C)(C)(C)C")
    assert found is not None
    assert found.message == "Explicit valence for atom # 0 C, 5, is greater than permitted"


def test_valid_molecules_have_no_problem():
    for smiles in ("CCO", "[H]", "c1ccccc1", "F/C=C/F", "N[C@@H](C)C(=O)O", "[Na+].[Cl-]"):
        assert problem(smiles) is None
        assert invalid_reason(smiles) is None


def test_canonical_form_is_one_for_all_spellings_and_keeps_stereochemistry():
    assert canonical("OCC") == canonical("C(O)C") == "CCO"
    assert canonical("F/C=C/F") != canonical("F/C=C\\F")
    assert canonical("N[C@@H](C)C(=O)O") != canonical("N[C@H](C)C(=O)O")
    assert canonical_all(["OCC", None, "C1CC", "CO"]) == ["CCO", None, None, "CO"]


@given(st.permutations(range(9)))
def test_any_order_of_atoms_has_the_same_canonical_form(order):
    molecule = read("Cc1ccc(O)cc1F")
    assert molecule is not None
    other = Chem.MolToSmiles(Chem.RenumberAtoms(molecule, list(order)), canonical=False)
    assert canonical(other) == canonical("Cc1ccc(O)cc1F")


@given(st.text(max_size=30) | st.text("CNOcn()[]=#12+@H", max_size=15) | st.just("C\udcff"))
def test_any_string_is_either_valid_or_has_a_reason(text):
    assert (read(text) is None) == (invalid_reason(text) in KINDS)


def test_rdkit_is_silent_inside_and_as_before_outside():
    code = (
        "from grae.chemistry import read, problem, canonical, draw_grid; from rdkit import Chem\n"
        "read('C1CC'); problem('C1CC'); canonical('C('); canonical('C[H:1]')\n"
        "Chem.MolFromSmiles('C1CCC')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "C1CCC" in done.stderr
    assert done.stderr.count("unclosed ring") == 1


def test_a_kekule_form_that_cannot_be_read_is_none():
    odd, strained = "Cc1cc(Cl)c(Br)c(Cl)#c1C", "Cc1ccc#cc1-c1ccccc1"
    assert read(odd) is not None  # RDKit reads it, and writes CC1=CC(Cl)=C(Br)C(Cl)#C1C with five bonds at a carbon
    forms = kekule_all([odd, strained])
    assert forms[0] is None
    assert canonical_all(forms[1:]) == canonical_all([strained])


def test_a_molecule_without_a_kekule_form_has_none():
    odd = "CC1=CC(=S)NC(=S)NN=Cc2ccccc2Oc2ccccc2C(=O)C1=CC(=O)Oc1*n2n3c(=O)cc(c4ccccc14)N(CCN(Cl)C(=O)O3)CC2"
    assert canonical_all([odd]) == [odd]
    assert kekule_all(["c1ccccc1", odd, "C"]) == ["C1=CC=CC=C1", None, "C"]
