"""Targets for molecules: penalized logP, standardized as published and raw, and drug-likeness.

Penalized logP is unbounded: long chains have arbitrarily high scores. Report the molecules' sizes with it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from rdkit import Chem, rdBase

from grae.chemistry import largest_ring, log_p, read, synthetic_accessibility
from grae.targets.target import Direction

# Mean and standard deviation over ZINC250k of each term, with the sign of its contribution.
# Source: Kusner, Paige and Hernandez-Lobato, "Grammar Variational Autoencoder" (ICML 2017), published data.
LOGP_MEAN, LOGP_SD = 2.45777691, 1.43341767
SA_MEAN, SA_SD = -3.05352042, 0.83460587
RING_MEAN, RING_SD = -0.04861121, 0.28746695
FREE_RING = 6  # atoms; further atoms are penalized


class MoleculeTarget:
    """A property of a molecule; higher is better.

    Args:
        name: name of the target.
        value: computes the property of a sanitized molecule.
        worst: see `Target`.
    """

    direction: Direction = "maximize"
    language: str | None = "molecules"
    own = False

    def __init__(self, name: str, value: Callable[[Chem.Mol], float], worst: float) -> None:
        self.name = name
        self.value = value
        self.worst = worst
        self.unbounded = np.isinf(worst)

    def __repr__(self) -> str:
        return f"MoleculeTarget({self.name!r})"

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The property of each molecule, (n,) float64; NaN if RDKit cannot read it."""
        scores = np.full(len(strings), np.nan)
        for row, text in enumerate(strings):
            molecule = read(text)
            if molecule is not None:
                with rdBase.BlockLogs():
                    scores[row] = self.value(molecule)
        return scores


def penalized_logp(molecule: Chem.Mol) -> float:
    """Standardized logP, minus standardized synthetic accessibility, minus the standardized penalty of large rings.

    The published code uses the largest ring of a cycle basis (networkx), which depends on the order of the atoms in
    fused rings; here it is the largest ring of the SSSR, which depends on the molecule only.
    """
    return (
        (log_p(molecule) - LOGP_MEAN) / LOGP_SD
        + (-synthetic_accessibility(molecule) - SA_MEAN) / SA_SD
        + (-large_ring(molecule) - RING_MEAN) / RING_SD
    )


def raw_penalized_logp(molecule: Chem.Mol) -> float:
    """LogP minus synthetic accessibility minus the penalty of large rings, unstandardized."""
    return log_p(molecule) - synthetic_accessibility(molecule) - large_ring(molecule)


def large_ring(molecule: Chem.Mol) -> int:
    """The number of atoms beyond six in the largest ring."""
    return max(0, largest_ring(molecule) - FREE_RING)
