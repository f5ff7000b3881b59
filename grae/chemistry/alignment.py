"""Aligned depictions of similar molecules, with their common core highlighted."""

from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor, rdFMCS

from grae.chemistry.drawing import draw_molecules, prepared
from grae.chemistry.reading import read
from grae.chemistry.templates import scaffold_query
from grae.errors import DataError

SECONDS = 5  # timeout of the search for the common core
SHARE = 0.8  # minimum share of the molecules that contain the core


def draw_aligned(
    smiles: Sequence[str], path: str | Path, legends: Sequence[str], *, template: str | None = None
) -> Path:
    """Draws molecules side by side, aligned to the first by their common core.

    Args:
        smiles: valid molecules; those without the core are drawn unaligned.
        path: an .svg or PNG file.
        legends: a line under each molecule.
        template: the core, as a query; None for the maximum common substructure of most of the molecules, with complete
            rings and a timeout of five seconds (RDKit's rdFMCS).

    Returns:
        The file.

    Raises:
        DataError: a string is not a valid molecule.
        RunError: the file cannot be written.
    """
    molecules = [read(text) for text in smiles]
    if not molecules or None in molecules:
        raise DataError("no molecules to draw, or one that is not valid", remedy="give valid SMILES")
    given = [molecule for molecule in molecules if molecule is not None]
    core = common_core(given) if template is None else scaffold_query(template)
    with rdBase.BlockLogs():
        drawn = [prepared(molecule) for molecule in given]
        marked = [list(molecule.GetSubstructMatch(core)) if core is not None else [] for molecule in given]
        for molecule, atoms in zip(drawn[1:], marked[1:], strict=True):
            _align(molecule, atoms, drawn[0], marked[0])
    return draw_molecules(drawn, path, legends, marked=marked)


def common_core(molecules: Sequence[Chem.Mol]) -> Chem.Mol | None:
    """The maximum common substructure of most molecules, as a query; None if they have no bond in common."""
    if len(molecules) < 2:
        return None
    found = rdFMCS.FindMCS(
        list(molecules), timeout=SECONDS, threshold=SHARE, ringMatchesRingOnly=True, completeRingsOnly=True
    )
    return Chem.MolFromSmarts(found.smartsString) if found.numBonds else None


def _align(molecule: Chem.Mol, atoms: Sequence[int], reference: Chem.Mol, there: Sequence[int]) -> None:
    """Aligns a molecule: moves atoms to the positions of atoms of the reference."""
    if atoms and there:
        rdDepictor.GenerateDepictionMatching2DStructure(molecule, reference, list(zip(there, atoms, strict=True)))
