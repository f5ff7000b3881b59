"""Pictures of molecules."""

from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem, rdBase
from rdkit.Chem.Draw import rdMolDraw2D

from grae.chemistry.reading import read
from grae.errors import DataError
from grae.files import atomic_write

PANEL = (260, 220)


def draw_grid(
    smiles: Sequence[str | None],
    path: str | Path,
    legends: Sequence[str] | None = None,
    columns: int = 5,
    panel: tuple[int, int] = PANEL,
) -> Path:
    """Draws molecules side by side into a PNG file; the panel of a string that is not valid says so.

    Args:
        smiles: the molecules, row by row.
        path: the file; replaced in one step, its folder is made.
        legends: a line under each molecule.
        columns: panels in a row.
        panel: width and height of a panel in pixels.

    Returns:
        The file.

    Raises:
        DataError: no molecule, or another number of legends than of molecules.
        RunError: the file cannot be written.
    """
    if not smiles:
        raise DataError("no molecules to draw", remedy="give at least one SMILES")
    legends = list(legends) if legends is not None else [""] * len(smiles)
    if len(legends) != len(smiles):
        raise DataError(f"{len(legends)} legends for {len(smiles)} molecules", remedy="give one legend a molecule")
    molecules = [read(text) for text in smiles]
    columns = max(1, min(columns, len(smiles)))
    rows = -(-len(smiles) // columns)
    width, height = panel
    canvas = rdMolDraw2D.MolDraw2DCairo(columns * width, rows * height, width, height)
    canvas.drawOptions().legendFontSize = 18
    canvas.drawOptions().prepareMolsBeforeDrawing = False
    with rdBase.BlockLogs():
        canvas.DrawMolecules([prepared(molecule or _not_valid()) for molecule in molecules], legends=legends)
        canvas.FinishDrawing()
    with atomic_write(Path(path)) as temporary:
        temporary.write_bytes(canvas.GetDrawingText())
    return Path(path)


def prepared(molecule: Chem.Mol) -> Chem.Mol:
    """A molecule with coordinates and, where RDKit finds them, alternating bonds.

    Of some large fused rings RDKit perceives an aromaticity that it cannot take back; their aromatic bonds stay.
    """
    try:
        return rdMolDraw2D.PrepareMolForDrawing(molecule)
    except Chem.KekulizeException:
        return rdMolDraw2D.PrepareMolForDrawing(molecule, kekulize=False)


def _not_valid() -> Chem.Mol:
    """A label in place of a molecule that could not be read; of an empty molecule RDKit would drop the legend too."""
    atom = Chem.Atom(0)
    atom.SetProp("_displayLabel", "not valid")
    molecule = Chem.RWMol()
    molecule.AddAtom(atom)
    return molecule.GetMol()
