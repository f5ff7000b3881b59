import struct

import pytest
from rdkit import Chem, rdBase

from grae.chemistry import draw_grid
from grae.chemistry.drawing import prepared
from grae.errors import DataError, RunError


def size(path):
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", content[16:24])


def test_panels_stand_in_rows(tmp_path):
    path = draw_grid(["CCO"] * 7, tmp_path / "new" / "grid.png", columns=3, panel=(100, 80))
    assert size(path) == (300, 240)
    assert [entry.name for entry in path.parent.iterdir()] == ["grid.png"]


def test_few_molecules_leave_no_empty_columns(tmp_path):
    assert size(draw_grid(["CCO", "CCN"], tmp_path / "grid.png", columns=5, panel=(100, 80))) == (200, 80)


def test_strings_that_are_not_valid_get_a_panel(tmp_path):
    drawn = draw_grid(["CCO", "C1CC", None, ""], tmp_path / "a.png", legends=list("abcd"))
    without = draw_grid(["CCO", "CC", "CC", "CC"], tmp_path / "b.png", legends=list("abcd"))
    assert size(drawn) == size(without)
    assert drawn.read_bytes() != without.read_bytes()


def test_bad_arguments(tmp_path):
    with pytest.raises(DataError, match="no molecules"):
        draw_grid([], tmp_path / "grid.png")
    with pytest.raises(DataError, match="1 legends for 2 molecules"):
        draw_grid(["C", "CC"], tmp_path / "grid.png", legends=["one"])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError):
        draw_grid(["C"], tmp_path / "file" / "grid.png")


def test_a_molecule_that_cannot_be_kekulized_is_drawn_as_it_is():
    molecule = Chem.MolFromSmiles("c1cccc1C", sanitize=False)
    molecule.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(molecule)
    with rdBase.BlockLogs(), pytest.raises(Chem.KekulizeException):
        Chem.Kekulize(Chem.Mol(molecule))
    with rdBase.BlockLogs():
        drawn = prepared(molecule)
    assert drawn.GetNumConformers() == 1
    assert {bond.GetBondType() for bond in drawn.GetBonds()} == {Chem.BondType.AROMATIC, Chem.BondType.SINGLE}
    benzene = prepared(Chem.MolFromSmiles("c1ccccc1"))
    assert {bond.GetBondType() for bond in benzene.GetBonds()} == {Chem.BondType.DOUBLE, Chem.BondType.SINGLE}
