"""The measures of the benchmarks: similarity to a molecule, properties, atom counts, patterns.

A measure maps n molecules to (n,) float64. It contains only its definition and no RDKit objects, so that tasks can be
pickled for other processes; RDKit objects are created once and cached.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import Descriptors, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

from grae.chemistry import drug_likeness, log_p, read
from grae.errors import DataError
from grae.targets.benchmarks.modifiers import Gaussian

FingerprintName = Literal["ECFP4", "ECFP6", "FCFP4", "AP", "PHCO"]
PAIR_DISTANCE = 10  # maximum number of bonds between the atoms of a pair
TOTAL_WIDTH, ELEMENT_WIDTH = 2.0, 1.0
"""Widths of the Gaussians for a formula's total number of atoms and for the number of atoms of each element."""


class Measure(Protocol):
    """Measures molecules."""

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The values (n,) float64 of n molecules."""
        ...


@dataclass(frozen=True)
class Similarity:
    """Tanimoto similarity of fingerprints to a reference.

    Attributes:
        reference: SMILES.
        fingerprint: ECFP4, ECFP6: counts of circular environments of radius 2, 3; FCFP4: of radius 2 of pharmacophoric
            atom types; AP: counts of atom pairs at most 10 bonds apart; PHCO: pharmacophores in two dimensions (Gobbi
            and Poppinger 1998).
    """

    reference: str
    fingerprint: FingerprintName

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The similarities, 0 to 1."""
        describe = _fingerprints(self.fingerprint)
        others = [describe(molecule) for molecule in molecules]
        return np.array(
            DataStructs.BulkTanimotoSimilarity(_reference_fingerprint(self.reference, self.fingerprint), others),
            np.float64,
        )


@dataclass(frozen=True)
class Property:
    """A property by name: logp, tpsa (in square angstrom), bertz, qed, rings, aromatic_rings."""

    name: str

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The property's values."""
        value = PROPERTIES[self.name]
        return np.array([value(molecule) for molecule in molecules], np.float64)


@dataclass(frozen=True)
class Difference:
    """A property minus that of a reference molecule, a SMILES."""

    name: str
    reference: str

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The differences."""
        return Property(self.name)(molecules) - _reference_property(self.name, self.reference)


@dataclass(frozen=True)
class Atoms:
    """The number of atoms of an element other than hydrogen."""

    element: str

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The counts."""
        return np.array([composition(molecule)[self.element] for molecule in molecules], np.float64)


@dataclass(frozen=True)
class Pattern:
    """1 if a SMARTS pattern matches, else 0; inverted if the pattern is unwanted."""

    smarts: str
    wanted: bool = True

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """1 or 0 for each molecule."""
        pattern = _pattern(self.smarts)
        matches = np.array([molecule.HasSubstructMatch(pattern) for molecule in molecules], np.bool_)
        return (matches == self.wanted).astype(np.float64)


@dataclass(frozen=True)
class Isomer:
    """Closeness to a molecular formula, 0 to 1.

    The geometric mean of a Gaussian for the number of atoms of each element of the formula (of width 1), and one for
    the total number of atoms (of width 2).
    """

    formula: str

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The closeness of each molecule."""
        wanted = atoms_of(self.formula)
        counts = [composition(molecule) for molecule in molecules]
        scores = [
            Gaussian(n, ELEMENT_WIDTH)(np.array([count[element] for count in counts], np.float64))
            for element, n in wanted.items()
        ]
        total = np.array([count.total() for count in counts], np.float64)
        scores.append(Gaussian(sum(wanted.values()), TOTAL_WIDTH)(total))
        return np.prod(scores, axis=0) ** (1 / len(scores))


def atoms_of(formula: str) -> dict[str, int]:
    """The number of atoms of each element in a molecular formula such as C9H10N2O2PF2Cl."""
    return {element: int(n or 1) for element, n in re.findall(r"([A-Z][a-z]?)(\d*)", formula)}


def composition(molecule: Chem.Mol) -> Counter[str]:
    """The number of atoms of each element in a molecule, including implicit hydrogens."""
    counts: Counter[str] = Counter()
    for atom in molecule.GetAtoms():
        counts[atom.GetSymbol()] += 1
        counts["H"] += atom.GetTotalNumHs()
    return counts


PROPERTIES: dict[str, Callable[[Chem.Mol], float]] = {
    "logp": log_p,
    "tpsa": rdMolDescriptors.CalcTPSA,
    "bertz": Descriptors.BertzCT,  # pyright: ignore[reportAttributeAccessIssue]
    "qed": drug_likeness,
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
}


@cache
def _fingerprints(name: FingerprintName) -> Callable[[Chem.Mol], Any]:
    """The generator of a fingerprint."""
    match name:
        case "ECFP4" | "ECFP6":
            made = rdFingerprintGenerator.GetMorganGenerator(radius=int(name[-1]) // 2)
        case "FCFP4":
            made = rdFingerprintGenerator.GetMorganGenerator(
                radius=2, atomInvariantsGenerator=rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
            )
        case "AP":
            made = rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=PAIR_DISTANCE)
        case "PHCO":
            return lambda molecule: Generate.Gen2DFingerprint(molecule, Gobbi_Pharm2D.factory)
    return made.GetSparseCountFingerprint


@cache
def _reference_fingerprint(smiles: str, name: FingerprintName) -> Any:
    return _fingerprints(name)(_molecule(smiles))


@cache
def _reference_property(name: str, smiles: str) -> float:
    return float(PROPERTIES[name](_molecule(smiles)))


@cache
def _pattern(smarts: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(smarts)
    if pattern is None:
        raise DataError(f"{smarts!r} is not a SMARTS pattern", remedy="correct it")
    return pattern


def _molecule(smiles: str) -> Chem.Mol:
    molecule = read(smiles)
    if molecule is None:
        raise DataError(f"the reference {smiles!r} is not a valid molecule", remedy="correct it")
    return molecule
