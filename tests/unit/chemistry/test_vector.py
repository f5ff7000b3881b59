"""Molecules as small vector drawings."""

from xml.etree import ElementTree

import pytest

from grae.chemistry import atoms_of, drawing, read

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def parts(text: str | None) -> list[ElementTree.Element]:
    assert text is not None
    return list(ElementTree.fromstring(text))


def test_it_has_the_labels_of_the_atoms_and_few_bytes():
    drawn = drawing(ASPIRIN)
    labels = [part.text or "" for part in parts(drawn) if part.tag == "text"]
    assert sorted(labels) == ["H", "O", "O", "O", "O"]
    assert drawn is not None
    assert len(drawn) < 2_500
    assert len([part for part in parts(drawn) if part.tag == "path"]) < 5


def test_a_charge_is_seen():
    labels = [part.text for part in parts(drawing("CC(=O)[O-].[NH4+]")) if part.tag == "text"]
    assert "\N{MINUS SIGN}" in labels
    assert "+" in labels


def test_marked_atoms_and_the_bonds_between_them_are_set_off():
    marked = [part for part in parts(drawing(ASPIRIN, marked=[0, 1, 2])) if part.get("class") == "mark"]
    assert [part.tag for part in marked].count("ellipse") == 3
    assert len(marked) > 3
    assert not [part for part in parts(drawing(ASPIRIN)) if part.get("class")]


@pytest.mark.parametrize("text", [None, "", "C1CC", "c1cccc1"])
def test_what_is_not_valid_is_not_drawn(text: str | None):
    assert drawing(text) is None


def test_it_takes_molecules_too_and_all_that_rdkit_draws():
    assert drawing(read(ASPIRIN)) == drawing(ASPIRIN)
    for text in ("C", "[Na+].[Cl-]", "C[C@H](N)C(=O)O", "C/C=C\\C", "C#N", "[2H]C", "*C", "C~C"):
        assert parts(drawing(text)), text


def test_atoms_stand_where_rdkit_numbers_them():
    for text in (
        "CC(=O)Oc1ccccc1C(=O)O",
        "C[C@@H](N)C(=O)[O-]",
        "[13CH4]",
        "ClCBr.[Na+].[Cl-]",
        "O=[N+]([O-])c1ccc(cc1)S(=O)(=O)NC%10CC%10",
        "[nH]1cccc1",
        "B(O)(O)C#C/C=C/I",
    ):
        molecule = read(text)
        assert molecule is not None
        spelled = [text[place:].lower() for place in atoms_of(text)]
        symbols = [atom.GetSymbol().lower() for atom in molecule.GetAtoms()]
        assert len(spelled) == len(symbols)
        assert all(rest.startswith(symbol) for rest, symbol in zip(spelled, symbols, strict=True))
