"""The filters of the MOSES benchmark, from medicinal chemistry.

A molecule passes if it matches no MCF or PAINS alert, has only common elements, no charge and no large ring
(Polykovskiy et al., Frontiers in Pharmacology 11, 2020; `mol_passes_filters` of molecularsets/moses). The alerts are in
`data/structural-alerts.toml`.
"""

import tomllib
from functools import cache
from typing import NamedTuple

import numpy as np
from rdkit import Chem, DataStructs, rdBase

from grae.resources import shipped

ELEMENTS = frozenset({"C", "N", "S", "O", "F", "Cl", "Br", "H"})
LARGE_RING = 8  # minimum number of atoms of a large ring
SCREEN_BITS = 2048


class Alerts(NamedTuple):
    """The alerts' patterns, with a pattern fingerprint of each as a prescreen.

    Attributes:
        names: names of the patterns.
        patterns: with explicit hydrogens.
        screens: (n, SCREEN_BITS / 64) uint64, bits set in the pattern fingerprint of every molecule that matches.
    """

    names: tuple[str, ...]
    patterns: tuple[Chem.Mol, ...]
    screens: np.ndarray


def passes_filters(molecule: Chem.Mol) -> bool:
    """Whether a molecule passes the filters of MOSES."""
    with rdBase.BlockLogs():
        if any(len(ring) >= LARGE_RING for ring in molecule.GetRingInfo().AtomRings()):
            return False
        if any(atom.GetFormalCharge() or atom.GetSymbol() not in ELEMENTS for atom in molecule.GetAtoms()):
            return False
        if first_alert(molecule) is not None:
            return False
        flat = Chem.MolToSmiles(molecule, isomericSmiles=False)
        return bool(flat) and Chem.MolFromSmiles(flat) is not None


def first_alert(molecule: Chem.Mol) -> str | None:
    """The name of the first structural alert that matches a molecule; None without a match."""
    alerts = structural_alerts()
    explicit = Chem.AddHs(molecule)
    # The prescreen rules out all but about thirty of some five hundred patterns.
    possible = ((alerts.screens & ~_screen(explicit)) == 0).all(axis=1)
    for number in np.flatnonzero(possible).tolist():
        if explicit.HasSubstructMatch(alerts.patterns[number]):
            return alerts.names[number]
    return None


@cache
def structural_alerts() -> Alerts:
    """All MCF and PAINS alerts."""
    tables = tomllib.loads((shipped("data") / "structural-alerts.toml").read_text(encoding="utf-8"))
    smarts = tables["mcf"] | tables["pains"]
    patterns = tuple(Chem.MolFromSmarts(pattern) for pattern in smarts.values())
    return Alerts(tuple(smarts), patterns, np.stack([_screen(pattern) for pattern in patterns]))


def _screen(molecule: Chem.Mol) -> np.ndarray:
    """The pattern fingerprint, (SCREEN_BITS / 64,) uint64; a pattern's is a subset of that of a molecule it matches."""
    bits = Chem.PatternFingerprint(molecule, fpSize=SCREEN_BITS)
    return np.frombuffer(DataStructs.BitVectToBinaryText(bits), np.uint64)
