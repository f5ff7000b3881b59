"""Strings brought into one form."""

import random

import pytest
from rdkit import Chem

from grae.chemistry import canonical_all, kekule_all, read, readable_all
from grae.datasets import encode_in_form, open_source
from grae.datasets.forms import resolve_form
from grae.errors import DataError, SettingsError
from grae.grammar import Grammar, load_grammar

SMILES = load_grammar("smiles")
KEKULE = SMILES.language.form("kekule")
AROMATIC = [
    "c1ccccc1",
    "c1cc[nH]c1",
    "O=c1[nH]cnc2[nH]cnc12",
    "c1ccc2c(c1)ccc1ccccc12",
    "[O-][n+]1ccccc1",
    "C/C=C/c1ccccc1",
]


@pytest.fixture(scope="module")
def molecules() -> list[str]:
    texts = random.Random(0).sample(list(open_source("nci").texts()), 400)
    return [text for text in texts if read(text) is not None]


def test_the_kekule_form_is_one_for_all_spellings_and_has_no_aromatic_atoms(molecules):
    forms = kekule_all(molecules)
    assert kekule_all(forms) == forms
    assert canonical_all(forms) == canonical_all(molecules)
    others = [Chem.MolToSmiles(Chem.MolFromSmiles(text), doRandom=True) for text in molecules]
    assert kekule_all(others) == forms
    for form in filter(None, forms):
        molecule = Chem.MolFromSmiles(form, sanitize=False)
        assert not any(atom.GetIsAromatic() for atom in molecule.GetAtoms())


def test_what_is_read_is_written_canonically_and_what_is_not_stays():
    texts = ["C1=CC=CC=C1", "C1CC", "OCC", ""]
    assert readable_all(texts) == ["c1ccccc1", "C1CC", "CCO", ""]
    assert kekule_all(["c1ccccc1", "C1CC", None]) == ["C1=CC=CC=C1", None, None]


def test_forms_of_strings():
    assert SMILES.language.form("as-written").spell(AROMATIC) == AROMATIC
    assert SMILES.language.form("canonical").spell(["C1=CC=CC=C1", "x"]) == ["c1ccccc1", None]
    assert resolve_form(SMILES, None) == "canonical"
    assert resolve_form(load_grammar("arithmetic"), None) == "as-written"
    with pytest.raises(SettingsError, match="did you mean 'kekule'"):
        resolve_form(SMILES, "kekulé")
    with pytest.raises(SettingsError, match="form 'kekule': strings have the form as-written alone"):
        resolve_form(Grammar.from_text("S -> 'a'"), "kekule")


def test_strings_are_encoded_in_their_form():
    encoded = encode_in_form(SMILES, AROMATIC, KEKULE)
    assert [SMILES.unparse(ids) for ids in encoded.derivations] == kekule_all(AROMATIC)


def test_strings_that_are_not_read_are_errors_or_rejections():
    texts = ["CCO", "C1CC", "C" * 50, "c1ccccc1"]
    with pytest.raises(DataError, match=r"string 1 is not read by RDKit, unclosed ring: .*\n  C1CC"):
        encode_in_form(SMILES, texts, KEKULE)
    with pytest.raises(DataError) as alone:
        encode_in_form(SMILES, ["C1CC"], KEKULE)
    assert str(alone.value).startswith("the string is not read by RDKit")
    assert "on_invalid" not in str(alone.value)
    encoded = encode_in_form(SMILES, texts, KEKULE, max_length=20, on_invalid="skip")
    assert encoded.rows.tolist() == [0, 3]
    assert [(r.row, r.reason) for r in encoded.rejections] == [(1, "not read by RDKit"), (2, "too long")]
    assert encoded.rejections[1].text == "C" * 50
