"""Templates of molecules as chemists write them: SMILES with attachment points, `c1ccc(*)cc1`.

An attachment point is a dummy atom. With one neighbor it stands for a substituent, with two for a linker; its isotope
and atom map number (`[1*]`, `[*:1]`) are ignored.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rdkit import Chem, rdBase

from grae.chemistry.reading import problem, read
from grae.chemistry.vector import atoms_of
from grae.errors import DataError

PLACEHOLDER = 6  # carbon, which any grammar of molecules has


class Placed(NamedTuple):
    """A template written with placeholders.

    Attributes:
        text: a SMILES, with carbon in the place of each attachment point: two atoms of a substituent, one of a linker.
        spans: of the characters of each.
    """

    text: str
    spans: list[tuple[int, int]]


def with_placeholders(template: str, *, kekule: bool) -> Placed:
    """A template as a molecule of which some atoms are placeholders.

    It is written as RDKit writes most molecules that hold it: from an atom with one neighbor on, of the template where
    it has one (the farthest from the attachment points), of a substituent otherwise. RDKit writes atoms of few
    neighbors before others; substituents usually have some, hence a second atom.

    Args:
        template: a SMILES with attachment points.
        kekule: whether to write alternating bonds in the place of aromatic ones.

    Raises:
        DataError: RDKit cannot read it, or it has no other atom or no attachment point.
    """
    molecule = Chem.RWMol(_read(template))
    dummies = _dummies(molecule)
    if len(dummies) == molecule.GetNumAtoms() or not dummies:
        raise DataError(
            f"template {template!r}: it has no {'atom besides attachment points' if dummies else 'attachment point'}",
            remedy="write an attachment point as *, as in c1ccc(*)cc1",
        )
    with rdBase.BlockLogs():
        if kekule:
            Chem.Kekulize(molecule, clearAromaticFlags=True)
        first = _first(molecule, dummies)
        tails = _placeholders(molecule, dummies, first)
        text = Chem.MolToSmiles(molecule, kekuleSmiles=kekule, rootedAtAtom=first)
    order = [int(atom) for atom in molecule.GetProp("_smilesAtomOutputOrder").strip("[],").split(",")]
    places = dict(zip(order, atoms_of(text), strict=True))
    return Placed(text, sorted((places[atom], places[tails.get(atom, atom)] + 1) for atom in dummies))


def is_aromatic(template: str) -> bool:
    """Whether RDKit reads a template and finds an aromatic atom in it."""
    molecule = read(template)
    return molecule is not None and any(atom.GetIsAromatic() for atom in molecule.GetAtoms())


def scaffold_query(template: str) -> Chem.Mol:
    """What every molecule of a template holds: the template without its attachment points, open there.

    Atoms match by element and charge, bonds by order; a bond that is not aromatic in the template may be so in a larger
    molecule.

    Raises:
        DataError: RDKit cannot read the template.
    """
    molecule = Chem.RWMol(_read(template))
    for index in sorted(_dummies(molecule), reverse=True):
        molecule.RemoveAtom(index)
    query = Chem.RWMol()
    for atom in molecule.GetAtoms():
        query.AddAtom(Chem.AtomFromSmarts(f"[#{atom.GetAtomicNum()};{atom.GetFormalCharge():+d}]"))
    for bond in molecule.GetBonds():
        kind = _BONDS.get(bond.GetBondType(), "~")
        query.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.SINGLE)
        query.ReplaceBond(query.GetNumBonds() - 1, Chem.BondFromSmarts(kind))
    result = query.GetMol()
    Chem.FastFindRings(result)
    return result


def hold(template: str, smiles: Sequence[str | None]) -> list[bool]:
    """Which molecules hold the scaffold of a template; see `scaffold_query`."""
    query = scaffold_query(template)
    return [molecule is not None and molecule.HasSubstructMatch(query) for molecule in map(read, smiles)]


_BONDS = {
    Chem.BondType.SINGLE: "-,:",
    Chem.BondType.DOUBLE: "=,:",
    Chem.BondType.TRIPLE: "#",
    Chem.BondType.AROMATIC: ":",
}


def _read(template: str) -> Chem.Mol:
    molecule = read(template)
    if molecule is None:
        fault = problem(template)
        why = "it is empty" if fault is None else f"{fault.kind}: {fault.message}"
        raise DataError(
            f"template {template!r}: RDKit cannot read it: {why}",
            remedy="write a SMILES with * at each attachment point, as in c1ccc(*)cc1, or holes as <nonterminal>",
        )
    return molecule


def _dummies(molecule: Chem.Mol) -> set[int]:
    return {atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0}


def _placeholders(molecule: Chem.RWMol, dummies: set[int], first: int) -> dict[int, int]:
    """Turns dummies into placeholders; returns the second atoms of those with one neighbor on a single bond.

    The first atom of the string has no second one.
    """
    tails = {}
    for index in sorted(dummies):
        atom = molecule.GetAtomWithIdx(index)
        atom.SetAtomicNum(PLACEHOLDER)
        atom.SetIsotope(0)
        atom.SetAtomMapNum(0)
        atom.SetFormalCharge(0)
        atom.SetNumExplicitHs(0)
        atom.SetNoImplicit(False)
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        if index != first and [bond.GetBondType() for bond in atom.GetBonds()] == [Chem.BondType.SINGLE]:
            tails[index] = molecule.AddAtom(Chem.Atom(PLACEHOLDER))
            molecule.AddBond(index, tails[index], Chem.BondType.SINGLE)
    molecule.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(molecule)
    return tails


def _first(molecule: Chem.Mol, dummies: set[int]) -> int:
    """The atom to begin with; see `with_placeholders`."""
    ranks = Chem.CanonicalRankAtoms(molecule)
    nearest = Chem.GetDistanceMatrix(molecule)[sorted(dummies)].min(axis=0)
    ends = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetDegree() == 1]
    fixed = [atom for atom in ends if atom not in dummies]
    if not ends:
        fixed = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetIdx() not in dummies]
    if fixed:
        return max(fixed, key=lambda atom: (nearest[atom], -ranks[atom]))
    return min(ends, key=lambda atom: ranks[atom])
