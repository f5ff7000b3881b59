"""Reading SMILES: the molecule, its canonical form, or the reason why it is invalid.

RDKit logs to standard error; its log is captured while a molecule is read, and only then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import NamedTuple

from rdkit import Chem, rdBase

RDKIT_VERSION: str = rdBase.rdkitVersion
KINDS = ("syntax", "unclosed ring", "repeated ring bond", "kekulization", "valence", "other")
_KIND_OF_PROBLEM = {
    "AtomValenceException": "valence",
    "KekulizeException": "kekulization",
    "AtomKekulizeException": "kekulization",
}
_KIND_OF_PHRASE = {  # RDKit's messages for faults without an exception type of their own
    "unclosed ring": "unclosed ring",
    "duplicated ring closure": "repeated ring bond",  # from an atom to itself
    "duplicates bond": "repeated ring bond",  # between atoms that are already bonded
}


MOST_PARSED = 4_096
"""Maximum number of molecules cached within `parsed_once`, about 15 kB each."""
_parsed: ContextVar[dict[str, Chem.Mol] | None] = ContextVar("parsed", default=None)


class Problem(NamedTuple):
    """Why a string is not a valid molecule.

    Attributes:
        kind: one of `KINDS`.
        message: RDKit's message, in one line.
    """

    kind: str
    message: str


@cache
def _strict(sanitize: bool) -> Chem.SmilesParserParams:
    """RDKit's parameters for reading a bare SMILES, without a name or an extension after it."""
    params = Chem.SmilesParserParams()
    params.allowCXSMILES = False
    params.parseName = False
    params.sanitize = sanitize
    return params


def _read(smiles: str | None) -> Chem.Mol | None:
    molecule = Chem.MolFromSmiles(smiles, _strict(True)) if smiles and smiles.isascii() else None
    return molecule if molecule is not None and molecule.GetNumAtoms() else None


def read(smiles: str | None) -> Chem.Mol | None:
    """The sanitized molecule, or None if the string is not valid.

    None, the empty string and a SMILES followed by a name are not valid.
    """
    with rdBase.BlockLogs():
        return _read(smiles)


def canonical(smiles: str | None) -> str | None:
    """RDKit's canonical isomeric SMILES, or None if the string is not valid."""
    return canonical_all([smiles])[0]


def canonical_all(smiles: Iterable[str | None]) -> list[str | None]:
    """`canonical` of each string; equal for all spellings of a molecule."""
    with rdBase.BlockLogs():
        return [None if molecule is None else _form(molecule) for molecule in map(_read, smiles)]


def kekule_all(smiles: Iterable[str | None]) -> list[str | None]:
    """RDKit's canonical isomeric SMILES in Kekule form, without aromatic atoms, or None if a string is not valid.

    None also for the few molecules that RDKit reads but cannot kekulize, or whose Kekule SMILES it cannot read back
    (some aromatic rings with a triple bond). A molecule with dative bonds starts at the atom that most of them point
    to, the first of several in RDKit's canonical order.
    """
    shared = _parsed.get() is not None
    with rdBase.BlockLogs():
        molecules = map(_parse, smiles)
        return [None if one is None else _kekule(Chem.Mol(one) if shared else one) for one in molecules]


@contextmanager
def parsed_once() -> Iterator[None]:
    """A context in which molecules whose canonical forms were computed are not reparsed by `parsed` and `kekule_all`.

    Their atoms are then in the order of the first spelling, so sums over atoms may differ in the last bits.
    """
    token = _parsed.set({})
    try:
        yield
    finally:
        _parsed.reset(token)


def parsed(smiles: Iterable[str]) -> list[Chem.Mol | None]:
    """`read` of each string, or the molecule cached within `parsed_once`; must not be modified."""
    with rdBase.BlockLogs():
        return [_parse(text) for text in smiles]


def readable_all(smiles: Iterable[str]) -> list[str]:
    """Canonical SMILES of the valid strings; the others unchanged.

    Also unchanged are the few whose canonical SMILES RDKit cannot read back.
    """
    smiles = list(smiles)
    forms = canonical_all(smiles)
    again = canonical_all(forms)
    return [
        text if other is None or form is None else form for text, form, other in zip(smiles, forms, again, strict=True)
    ]


def problem(smiles: str | None) -> Problem | None:
    """RDKit's reason why a SMILES is invalid; None if it is valid."""
    with rdBase.BlockLogs(), rdBase.CaptureErrorLog() as log:
        if _read(smiles) is not None:
            return None
        if not smiles or not smiles.strip():
            return Problem("syntax", "the string is empty")
        if not smiles.isascii():  # RDKit's messages may cut a multibyte character in two
            return Problem("syntax", "the string has characters beyond ASCII")
        molecule = Chem.MolFromSmiles(smiles, _strict(False))
        problems = () if molecule is None else Chem.DetectChemistryProblems(molecule)
    if problems:
        return Problem(_KIND_OF_PROBLEM.get(problems[0].GetType(), "other"), _one_line(problems[0].Message()))
    message = _one_line(log.messages)
    if molecule is not None:
        return Problem("other", message)
    kinds = (kind for phrase, kind in _KIND_OF_PHRASE.items() if phrase in message)
    return Problem(next(kinds, "syntax"), message)


def invalid_reason(smiles: str | None) -> str | None:
    """The kind of problem, one of `KINDS`, of an invalid SMILES; None if it is valid."""
    fault = problem(smiles)
    return None if fault is None else fault.kind


def _parse(smiles: str | None) -> Chem.Mol | None:
    held = _parsed.get()
    molecule = None if held is None or smiles is None else held.get(smiles)
    return _read(smiles) if molecule is None else molecule


def _form(molecule: Chem.Mol) -> str:
    """The canonical form of a molecule, which is cached within `parsed_once`."""
    form = Chem.MolToSmiles(molecule)
    held = _parsed.get()
    if held is not None:
        held[form] = molecule
        if len(held) > MOST_PARSED:
            del held[next(iter(held))]
    return form


def _kekule(molecule: Chem.Mol) -> str | None:
    """The Kekule form of a molecule, which is modified."""
    try:
        Chem.Kekulize(molecule, clearAromaticFlags=True)
    except Chem.KekulizeException:
        return None
    form = Chem.MolToSmiles(molecule, kekuleSmiles=True)
    if "->" not in form and "<-" not in form:
        triple = "#" in form and _has_cyclic_triple_bond(molecule)
        return None if triple and _read(form) is None else form
    acceptors = Counter(b.GetEndAtomIdx() for b in molecule.GetBonds() if b.GetBondType() == Chem.BondType.DATIVE)
    ranks = Chem.CanonicalRankAtoms(molecule)
    first = max(acceptors, key=lambda atom: (acceptors[atom], -ranks[atom]))
    return Chem.MolToSmiles(molecule, kekuleSmiles=True, rootedAtAtom=first)


def _has_cyclic_triple_bond(molecule: Chem.Mol) -> bool:
    return any(bond.GetBondType() == Chem.BondType.TRIPLE and bond.IsInRing() for bond in molecule.GetBonds())


def _one_line(messages: str) -> str:
    """The first of RDKit's messages, without its time stamp and the echo of the input."""
    first = messages.strip().split("\n")[0]
    if first.startswith("["):
        first = first.partition("] ")[2]
    return first.partition(" for input:")[0].removeprefix("SMILES Parse Error: ")
