"""Drawings of similar molecules: what is highlighted, and where it stands."""

from pathlib import Path

import pytest

from grae.chemistry.alignment import common_core, draw_aligned
from grae.chemistry.reading import read
from grae.errors import DataError

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def highlighted(drawing: Path) -> int:
    """Ellipses under atoms in an SVG file."""
    return drawing.read_text().count("<ellipse")


@pytest.mark.parametrize(("template", "atoms"), [(None, 9), ("c1ccc(*)cc1", 6)])
def test_the_core_of_aromatic_molecules_is_highlighted(tmp_path: Path, template: str | None, atoms: int):
    smiles = [PARACETAMOL, "CC(=O)Nc1ccc(C)cc1", "NC(=O)Nc1ccc(Cl)cc1"]
    drawn = draw_aligned(smiles, tmp_path / "near.svg", ["a", "b", "c"], template=template)
    assert highlighted(drawn) == atoms * len(smiles)


def test_molecules_without_a_common_core_are_drawn_as_they_are(tmp_path: Path):
    molecules = [molecule for molecule in map(read, ["C", "O"]) if molecule is not None]
    assert common_core(molecules) is None
    assert highlighted(draw_aligned(["C", "O"], tmp_path / "far.svg", ["a", "b"])) == 0


def test_a_string_that_is_not_a_molecule_is_an_error(tmp_path: Path):
    with pytest.raises(DataError, match="not valid"):
        draw_aligned([PARACETAMOL, "C1CC"], tmp_path / "near.svg", ["a", "b"])
