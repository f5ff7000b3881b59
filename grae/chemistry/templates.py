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

PLACEHOLDER = 6  # carbon, which every grammar of molecules has
MOST_MATCHES = 1_000  # maximum number of substructure matches compared with a template


class Placed(NamedTuple):
    """A template written with placeholders.

    Attributes:
        text: a SMILES with carbon in place of each attachment point: two atoms for a substituent, one for a linker.
        spans: begin and end of each placeholder's characters.
    """

    text: str
    spans: list[tuple[int, int]]


def with_placeholders(template: str, *, kekule: bool) -> Placed:
    """Writes a template as a molecule in which some atoms are placeholders.

    The order is that of most molecules with this template as RDKit writes them: starting at an atom with one neighbor,
    of the template if it has one (the farthest from the attachment points), otherwise of a substituent. RDKit writes
    atoms with few neighbors before others; the first atom of a substituent usually has further ones, hence the second
    placeholder.

    Args:
        template: a SMILES with attachment points.
        kekule: whether to write alternating bonds instead of aromatic ones.

    Raises:
        DataError: RDKit cannot read it, it has no other atom or no attachment point, or one in an aromatic ring
            or bonded to a metal.
    """
    molecule = Chem.RWMol(_read(template))
    dummies = _dummies(molecule)
    if len(dummies) == molecule.GetNumAtoms() or not dummies:
        raise _pointless(template, "atom besides attachment points" if dummies else "attachment point")
    if any(molecule.GetAtomWithIdx(index).GetIsAromatic() for index in dummies):
        raise DataError(
            f"template {template!r}: an attachment point is part of an aromatic ring, which any filling would break",
            remedy="write it beside the ring, as in c1ccc(*)cc1, or the ring with its double bonds",
        )
    with rdBase.BlockLogs():
        if kekule:
            Chem.Kekulize(molecule, clearAromaticFlags=True)
        first = _first(molecule, dummies)
        tails = _placeholders(molecule, dummies, first)
        text = Chem.MolToSmiles(molecule, kekuleSmiles=kekule, rootedAtAtom=first)
    order = [int(atom) for atom in molecule.GetProp("_smilesAtomOutputOrder").strip("[],").split(",")]
    places = dict(zip(order, atoms_of(text), strict=True))
    spans = sorted((places[atom], places[tails.get(atom, atom)] + 1) for atom in dummies)
    if any("[" in text[max(begin - 1, 0) : end] for begin, end in spans):
        raise DataError(
            f"template {template!r}: an attachment point is bonded to a metal, which writes its neighbors in brackets",
            remedy="open another place",
        )
    return Placed(text, spans)


def is_aromatic(template: str) -> bool:
    """Whether RDKit reads a template and finds an aromatic atom in it."""
    molecule = read(template)
    return molecule is not None and any(atom.GetIsAromatic() for atom in molecule.GetAtoms())


def scaffold_query(template: str) -> Chem.Mol:
    """The substructure in every molecule of a template: the template without its attachment points, open there.

    Atoms match by element and charge, bonds by order; a bond that is not aromatic in the template may be so in a larger
    molecule.

    Raises:
        DataError: RDKit cannot read the template.
    """
    return _query(template, exact=False)


def hold(template: str, smiles: Sequence[str | None], *, exact: bool = True) -> list[bool]:
    """Which molecules are a template with its attachment points filled.

    They contain its scaffold (`scaffold_query`), with no neighbors of its atoms besides those at attachment points, no
    further bonds between its atoms, and no rings through atoms and bonds that are in none in the template.

    Args:
        template: a SMILES with attachment points.
        smiles: the molecules; None for an invalid one.
        exact: False requires the scaffold only.

    Raises:
        DataError: RDKit cannot read the template, or it has no atom besides attachment points.
    """
    query = _query(template, exact=exact)
    fits = _differs_in_holes if exact else Chem.Mol.HasSubstructMatch
    return [molecule is not None and fits(molecule, query) for molecule in map(read, smiles)]


def _query(template: str, *, exact: bool) -> Chem.Mol:
    """The scaffold of a template as a query; if exact, with numbers of neighbors and without further rings."""
    molecule = _read(template)
    if len(_dummies(molecule)) == molecule.GetNumAtoms():
        raise _pointless(template, "atom besides attachment points")
    query, places = Chem.RWMol(), {}
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() != 0:
            pattern = f"#{atom.GetAtomicNum()};{atom.GetFormalCharge():+d}"
            if exact:
                pattern += f";D{atom.GetDegree()}{'' if atom.IsInRing() else ';!R'}"
            places[atom.GetIdx()] = query.AddAtom(Chem.AtomFromSmarts(f"[{pattern}]"))
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if places.keys() >= {*ends}:
            kind = _BONDS.get(bond.GetBondType(), "~") + ("" if bond.IsInRing() or not exact else ";!@")
            query.AddBond(places[ends[0]], places[ends[1]], Chem.BondType.SINGLE)
            query.ReplaceBond(query.GetNumBonds() - 1, Chem.BondFromSmarts(kind))
    result = query.GetMol()
    Chem.FastFindRings(result)
    return result


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


def _differs_in_holes(molecule: Chem.Mol, query: Chem.Mol) -> bool:
    """Whether a molecule matches an exact query without further bonds between the matched atoms."""
    for match in molecule.GetSubstructMatches(query, maxMatches=MOST_MATCHES):
        atoms = set(match)
        ends = ((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds())
        if sum(begin in atoms and end in atoms for begin, end in ends) == query.GetNumBonds():
            return True
    return False


def _pointless(template: str, what: str) -> DataError:
    return DataError(
        f"template {template!r}: it has no {what}", remedy="write an attachment point as *, as in c1ccc(*)cc1"
    )


def _dummies(molecule: Chem.Mol) -> set[int]:
    return {atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0}


def _placeholders(molecule: Chem.RWMol, dummies: set[int], first: int) -> dict[int, int]:
    """Turns dummies into placeholders; returns the second atom added to each that has a single bond only.

    The first atom of the string gets none.
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
    """The atom to start from; see `with_placeholders`."""
    ranks = Chem.CanonicalRankAtoms(molecule)
    nearest = Chem.GetDistanceMatrix(molecule)[sorted(dummies)].min(axis=0)
    ends = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetDegree() == 1]
    fixed = [atom for atom in ends if atom not in dummies]
    if not ends:
        fixed = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetIdx() not in dummies]
    if fixed:
        return max(fixed, key=lambda atom: (nearest[atom], -ranks[atom]))
    return min(ends, key=lambda atom: ranks[atom])
