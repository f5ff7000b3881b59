"""Molecules as compact SVG for HTML pages.

RDKit writes a styled path per bond, 6 to 12 kB per molecule. Here paths of the same style are merged, so that a page
can contain hundreds of drawings; black becomes the text color of the page, and the colors of the elements are legible
on light and dark backgrounds.
"""

import re
from collections.abc import Collection
from xml.etree import ElementTree

from rdkit import Chem, rdBase
from rdkit.Chem.Draw import rdMolDraw2D

from grae.chemistry.drawing import prepared
from grae.chemistry.reading import read

ATOM = re.compile(r"\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops*]")
SIZE = (220, 160)
BOND = 26.0  # maximum length in pixels; small molecules are not enlarged
MARK = "mark"  # CSS class of highlights; the page defines their color
COLOURS = {
    7: (0.25, 0.45, 0.90),
    8: (0.86, 0.26, 0.22),
    9: (0.16, 0.60, 0.32),
    15: (0.84, 0.45, 0.05),
    16: (0.70, 0.53, 0.04),
    17: (0.16, 0.60, 0.32),
    35: (0.66, 0.35, 0.18),
    53: (0.55, 0.28, 0.76),
}
_BLACK, _MARK = "#000000", "#00FF00"
_SVG = "{http://www.w3.org/2000/svg}"


def drawing(
    molecule: Chem.Mol | str | None, *, size: tuple[int, int] = SIZE, marked: Collection[int] = ()
) -> str | None:
    """A molecule as an inline `<svg>` element; None if the string is not valid.

    Args:
        molecule: a molecule or its SMILES.
        size: width and height of the view box.
        marked: indices of atoms to highlight, with the bonds between them.
    """
    molecule = molecule if isinstance(molecule, Chem.Mol) else read(molecule)
    if molecule is None:
        return None
    atoms = sorted(marked)
    bonds = [
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if bond.GetBeginAtomIdx() in marked and bond.GetEndAtomIdx() in marked
    ]
    canvas = rdMolDraw2D.MolDraw2DSVG(*size, -1, -1, True)
    options = canvas.drawOptions()
    options.clearBackground = False
    options.prepareMolsBeforeDrawing = False
    options.maxFontSize, options.minFontSize = 16, 9
    options.fixedBondLength = BOND
    options.padding = 0.04
    options.bondLineWidth = 1.5
    options.setAtomPalette({-1: (0, 0, 0), **COLOURS})
    options.setHighlightColour((0, 1, 0))
    with rdBase.BlockLogs():
        canvas.DrawMolecule(prepared(molecule), highlightAtoms=atoms, highlightBonds=bonds)
        canvas.FinishDrawing()
    return _condensed(canvas.GetDrawingText(), size)


def _condensed(text: str, size: tuple[int, int]) -> str:
    """RDKit's drawing with paths of the same style merged, highlights first and labels last."""
    marks: list[str] = []
    paths: dict[str, list[str]] = {}
    labels: list[str] = []
    for element in ElementTree.fromstring(text):
        style = dict(part.strip().split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
        if _MARK in (style.get("fill"), style.get("stroke")):
            marks.append(_marked(element, style))
        elif element.tag == f"{_SVG}path":
            paths.setdefault(_attributes(style), []).append(_short(element.get("d", "")))
        elif element.tag == f"{_SVG}text":
            place = f'x="{element.get("x")}" y="{element.get("y")}"'
            size_of = style["font-size"].removesuffix("px")
            label = _escaped(element.text or "").replace("-", "\N{MINUS SIGN}")  # a hyphen would be lost
            labels.append(f'<text {place} font-size="{size_of}" fill="{_colour(style["fill"])}">{label}</text>')
    joined = [f'<path d="{"".join(parts)}" {attributes}/>' for attributes, parts in paths.items()]
    width, height = size
    return f'<svg class="molecule" viewBox="0 0 {width} {height}">{"".join([*marks, *joined, *labels])}</svg>'


def _marked(element: ElementTree.Element, style: dict[str, str]) -> str:
    """The highlight of an atom (an ellipse) or a bond (a path)."""
    if element.tag == f"{_SVG}ellipse":
        numbers = " ".join(f'{name}="{element.get(name)}"' for name in ("cx", "cy", "rx", "ry"))
        return f'<ellipse class="{MARK}" {numbers}/>'
    width = style.get("stroke-width", "1").removesuffix("px")
    return f'<path class="{MARK}" d="{_short(element.get("d", ""))}" stroke-width="{width}"/>'


def _attributes(style: dict[str, str]) -> str:
    """The attributes of a path's style."""
    fill = style.get("fill", "none")
    shown = "none" if fill == "none" else _colour(fill)
    width = style.get("stroke-width", "1").removesuffix("px").removesuffix(".0")
    return f'fill="{shown}" stroke="{_colour(style.get("stroke", _BLACK))}" stroke-width="{width}"'


def _colour(colour: str) -> str:
    return "currentColor" if colour == _BLACK else colour


def _short(path: str) -> str:
    """A path without the spaces that its commands do not need."""
    for command in "MLQCZ":
        path = path.replace(f" {command} ", command).replace(f"{command} ", command)
    return path.strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def atoms_of(smiles: str) -> list[int]:
    """The position of each atom's element symbol in a SMILES, in the order of RDKit's atom indices."""
    places = []
    for atom in ATOM.finditer(smiles):
        place = atom.start()
        while not smiles[place].isalpha() and smiles[place] != "*" and place < atom.end() - 1:
            place += 1
        places.append(place)
    return places
