"""Depictions of molecules."""

from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem, rdBase
from rdkit.Chem.Draw import rdMolDraw2D

from grae.chemistry.reading import read
from grae.errors import DataError
from grae.files import atomic_write

PANEL = (260, 220)
HIGHLIGHT = (0.98, 0.85, 0.55)


def draw_grid(
    smiles: Sequence[str | None],
    path: str | Path,
    legends: Sequence[str] | None = None,
    columns: int = 5,
    panel: tuple[int, int] = PANEL,
) -> Path:
    """Draws a grid of molecules to a PNG or SVG file; the panel of an invalid string says so.

    Args:
        smiles: the molecules, row by row.
        path: the file; written atomically, its folder is created.
        legends: a line under each molecule.
        columns: panels per row.
        panel: width and height of a panel in pixels.

    Returns:
        The file.

    Raises:
        DataError: no molecules, or the number of legends differs from that of molecules.
        RunError: the file cannot be written.
    """
    if not smiles:
        raise DataError("no molecules to draw", remedy="give at least one SMILES")
    legends = list(legends) if legends is not None else [""] * len(smiles)
    if len(legends) != len(smiles):
        raise DataError(f"{len(legends)} legends for {len(smiles)} molecules", remedy="give one legend a molecule")
    with rdBase.BlockLogs():
        molecules = [prepared(read(text) or _not_valid()) for text in smiles]
    return draw_molecules(molecules, path, legends, columns=columns, panel=panel)


def draw_molecules(
    molecules: Sequence[Chem.Mol],
    path: str | Path,
    legends: Sequence[str],
    *,
    columns: int = 5,
    panel: tuple[int, int] = PANEL,
    marked: Sequence[Sequence[int]] | None = None,
) -> Path:
    """Draws a grid of molecules with coordinates to a file.

    Args:
        molecules: from `prepared`, row by row.
        path: an .svg or PNG file; written atomically, its folder is created.
        legends: a line under each molecule.
        columns: panels per row.
        panel: width and height of a panel in pixels.
        marked: atoms of each molecule to highlight, with the bonds between them.

    Returns:
        The file.

    Raises:
        RunError: the file cannot be written.
    """
    columns = max(1, min(columns, len(molecules)))
    rows = -(-len(molecules) // columns)
    width, height = panel
    is_svg = Path(path).suffix.lower() == ".svg"
    make = rdMolDraw2D.MolDraw2DSVG if is_svg else rdMolDraw2D.MolDraw2DCairo
    canvas = make(columns * width, rows * height, width, height)
    options = canvas.drawOptions()
    options.legendFontSize = 18
    options.prepareMolsBeforeDrawing = False
    options.setHighlightColour(HIGHLIGHT)
    atoms = [list(of_one) for of_one in marked or [[] for _ in molecules]]
    bonds = [_between(molecule, set(of_one)) for molecule, of_one in zip(molecules, atoms, strict=True)]
    with rdBase.BlockLogs():
        canvas.DrawMolecules(list(molecules), highlightAtoms=atoms, highlightBonds=bonds, legends=list(legends))
        canvas.FinishDrawing()
    drawing = canvas.GetDrawingText()
    with atomic_write(Path(path)) as temporary:
        temporary.write_bytes(drawing.encode() if isinstance(drawing, str) else drawing)
    return Path(path)


def _between(molecule: Chem.Mol, atoms: set[int]) -> list[int]:
    """The bonds between the given atoms."""
    return [bond.GetIdx() for bond in molecule.GetBonds() if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= atoms]


def prepared(molecule: Chem.Mol) -> Chem.Mol:
    """A molecule with coordinates, kekulized if possible.

    RDKit cannot kekulize some large fused rings that it perceives as aromatic; these keep their aromatic bonds.
    """
    try:
        return rdMolDraw2D.PrepareMolForDrawing(molecule)
    except Chem.KekulizeException:
        return rdMolDraw2D.PrepareMolForDrawing(molecule, kekulize=False)


def _not_valid() -> Chem.Mol:
    """A label in place of an invalid molecule; for an empty molecule, RDKit would omit the legend too."""
    atom = Chem.Atom(0)
    atom.SetProp("_displayLabel", "not valid")
    molecule = Chem.RWMol()
    molecule.AddAtom(atom)
    return molecule.GetMol()
