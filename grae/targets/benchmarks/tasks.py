"""The benchmark tasks as data: measures, their modifiers, and the mean of the scores.

Sources: the definitions of GuacaMol's suite v2 (Brown et al., J. Chem. Inf. Model. 59, 2019; supporting information),
adopted by PMO (Gao et al., NeurIPS 2022), which adds three classifier tasks, one isomer task, and QED. PMO caps the
similarity of albuterol and mestranol at 0.75, as GuacaMol does. Zaleplon and sitagliptin are as in PMO's version of
2022, which counts hydrogens among a formula's atoms, as GuacaMol does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rdkit import Chem

from grae.targets.benchmarks.classifiers import Activity
from grae.targets.benchmarks.measures import (
    Atoms,
    Difference,
    FingerprintName,
    Isomer,
    Measure,
    Pattern,
    Property,
    Similarity,
)
from grae.targets.benchmarks.modifiers import AtLeast, AtMost, Gaussian, Identity, Modifier, UpTo
from grae.targets.benchmarks.names import GUACAMOL, LEARNED, PMO


@dataclass(frozen=True)
class Component:
    """A measure and its modifier.

    Attributes:
        measure: the measure.
        modifier: maps its values to scores.
    """

    measure: Measure
    modifier: Modifier = Identity()  # noqa: RUF009 - frozen

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The scores (n,) of n molecules."""
        return self.modifier(self.measure(molecules))


@dataclass(frozen=True)
class Task:
    """A task.

    Attributes:
        summary: a short description of its objective.
        components: the components, each of which scores molecules from 0 to 1.
        mean: mean of the components' scores; not used for a single component.
    """

    summary: str
    components: tuple[Component, ...]
    mean: Literal["geometric", "arithmetic"] = "geometric"

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The scores (n,) float64 of n molecules, 0 to 1."""
        scores = np.stack([component(molecules) for component in self.components])
        if self.mean == "arithmetic":
            return scores.mean(axis=0)
        return np.prod(scores, axis=0) ** (1 / len(scores))


CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
ARIPIPRAZOLE = "Clc4cccc(N3CCN(CCCCOc2ccc1c(NC(=O)CC1)c2)CC3)c4Cl"
ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
CAMPHOR = "CC1(C)C2CCC1(C)C(=O)C2"
MENTHOL = "CC(C)C1CCC(C)CC1O"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"
HOPPED = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
"""The reference molecule of the scaffold hop and decorator hop tasks."""
HOPPED_SCAFFOLD = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
HOPPED_SIDE = "[#7]-c1ccc2ncsc2c1"
HOPPED_CHAIN = "[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"
SULFONE = "CS([#6])(=O)=O"
VALSARTAN_PART = "CN(C=O)Cc1ccc(c2ccccc2)cc1"
ALIKE = 0.75
"""The similarity above which the score no longer increases."""


def _rediscovery(name: str, smiles: str) -> Task:
    return Task(f"{name} itself", (Component(Similarity(smiles, "ECFP4")),))


def _similarity(name: str, smiles: str, fingerprint: FingerprintName) -> Task:
    return Task(f"what is like {name}", (Component(Similarity(smiles, fingerprint), UpTo(ALIKE)),))


def _median(names: str, one: str, other: str, fingerprint: FingerprintName) -> Task:
    return Task(
        f"what is like both {names}", tuple(Component(Similarity(smiles, fingerprint)) for smiles in (one, other))
    )


def _isomer(formula: str) -> Task:
    return Task(f"isomers of {formula}", (Component(Isomer(formula)),))


TASKS: Mapping[str, Task] = {
    "celecoxib_rediscovery": _rediscovery("celecoxib", CELECOXIB),
    "troglitazone_rediscovery": _rediscovery("troglitazone", TROGLITAZONE),
    "thiothixene_rediscovery": _rediscovery("thiothixene", THIOTHIXENE),
    "aripiprazole_similarity": _similarity("aripiprazole", ARIPIPRAZOLE, "ECFP4"),
    "albuterol_similarity": _similarity("albuterol", ALBUTEROL, "FCFP4"),
    "mestranol_similarity": _similarity("mestranol", MESTRANOL, "AP"),
    "isomers_c7h8n2o2": _isomer("C7H8N2O2"),
    "isomers_c9h10n2o2pf2cl": _isomer("C9H10N2O2PF2Cl"),
    "isomers_c11h24": _isomer("C11H24"),
    "median1": _median("camphor and menthol", CAMPHOR, MENTHOL, "ECFP4"),
    "median2": _median("tadalafil and sildenafil", TADALAFIL, SILDENAFIL, "ECFP6"),
    "osimertinib_mpo": Task(
        "what is like osimertinib, but more polar",
        (
            Component(Similarity(OSIMERTINIB, "FCFP4"), UpTo(0.8)),
            Component(Similarity(OSIMERTINIB, "ECFP6"), AtMost(0.85, 0.1)),
            Component(Property("tpsa"), AtLeast(100, 10)),
            Component(Property("logp"), AtMost(1, 1)),
        ),
    ),
    "fexofenadine_mpo": Task(
        "what is like fexofenadine, but less greasy",
        (
            Component(Similarity(FEXOFENADINE, "AP"), UpTo(0.8)),
            Component(Property("tpsa"), AtLeast(90, 10)),
            Component(Property("logp"), AtMost(4, 1)),
        ),
    ),
    "ranolazine_mpo": Task(
        "what is like ranolazine, but more polar, with a fluorine",
        (
            Component(Similarity(RANOLAZINE, "AP"), UpTo(0.7)),
            Component(Property("logp"), AtLeast(7, 1)),
            Component(Atoms("F"), Gaussian(1, 1)),
            Component(Property("tpsa"), AtLeast(95, 20)),
        ),
    ),
    "perindopril_mpo": Task(
        "what is like perindopril, with two aromatic rings",
        (
            Component(Similarity(PERINDOPRIL, "ECFP4")),
            Component(Property("aromatic_rings"), Gaussian(2, 0.5)),
        ),
    ),
    "amlodipine_mpo": Task(
        "what is like amlodipine, with three rings",
        (Component(Similarity(AMLODIPINE, "ECFP4")), Component(Property("rings"), Gaussian(3, 0.5))),
    ),
    "sitagliptin_mpo": Task(
        "an isomer of sitagliptin unlike it, with its logP and polar surface",
        (
            Component(Similarity(SITAGLIPTIN, "ECFP4"), Gaussian(0, 0.1)),
            Component(Difference("logp", SITAGLIPTIN), Gaussian(0, 0.2)),
            Component(Difference("tpsa", SITAGLIPTIN), Gaussian(0, 5)),
            Component(Isomer("C16H15F6N5O")),
        ),
    ),
    "zaleplon_mpo": Task(
        "what is like zaleplon, with the formula C19H17N3O2",
        (Component(Similarity(ZALEPLON, "ECFP4")), Component(Isomer("C19H17N3O2"))),
    ),
    "valsartan_smarts": Task(
        "a part of valsartan, with logP, polar surface and complexity of sitagliptin",
        (
            Component(Pattern(VALSARTAN_PART)),
            Component(Difference("logp", SITAGLIPTIN), Gaussian(0, 0.2)),
            Component(Difference("tpsa", SITAGLIPTIN), Gaussian(0, 5)),
            Component(Difference("bertz", SITAGLIPTIN), Gaussian(0, 30)),
        ),
    ),
    "deco_hop": Task(
        "the same scaffold with other decoration",
        (
            Component(Similarity(HOPPED, "PHCO"), UpTo(0.85)),
            Component(Pattern(SULFONE, wanted=False)),
            Component(Pattern(HOPPED_SIDE, wanted=False)),
            Component(Pattern(HOPPED_SCAFFOLD)),
        ),
        "arithmetic",
    ),
    "scaffold_hop": Task(
        "the same decoration on another scaffold",
        (
            Component(Similarity(HOPPED, "PHCO"), UpTo(0.75)),
            Component(Pattern(HOPPED_CHAIN)),
            Component(Pattern(HOPPED_SCAFFOLD, wanted=False)),
        ),
        "arithmetic",
    ),
    "qed": Task("drug-likeness", (Component(Property("qed")),)),
    **{name: Task(f"activity against {name.upper()}", (Component(Activity(name)),)) for name in LEARNED},
}

assert set(TASKS) == {*GUACAMOL, *PMO}
