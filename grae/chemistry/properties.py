"""Properties of a molecule without fitted models: logP, synthetic accessibility, drug-likeness, weight, size."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import QED, Crippen, Descriptors, rdMolDescriptors

from grae.chemistry.reading import read
from grae.errors import DataError


class Properties(NamedTuple):
    """The properties of a molecule.

    Attributes:
        logp: octanol-water partition coefficient by atom contributions (Wildman and Crippen, J. Chem. Inf. Comput. Sci.
            39, 1999).
        sa: synthetic accessibility, 1 (easy) to 10 (hard) (Ertl and Schuffenhauer, J. Cheminformatics 1:8, 2009).
        qed: quantitative estimate of drug-likeness, 0 to 1 (Bickerton et al., Nature Chemistry 4, 2012).
        weight: average molecular weight in g/mol.
        heavy_atoms: number of atoms other than hydrogen.
    """

    logp: float
    sa: float
    qed: float
    weight: float
    heavy_atoms: int


def properties(molecule: Chem.Mol | str | None) -> Properties | None:
    """The properties of a molecule or of its SMILES; None if the string is not valid."""
    molecule = molecule if isinstance(molecule, Chem.Mol) else read(molecule)
    if molecule is None or not molecule.GetNumAtoms():
        return None
    with rdBase.BlockLogs():
        logp = log_p(molecule)
        return Properties(
            logp=logp,
            sa=synthetic_accessibility(molecule),
            qed=drug_likeness(molecule, logp),
            weight=molecular_weight(molecule),
            heavy_atoms=molecule.GetNumHeavyAtoms(),
        )


def log_p(molecule: Chem.Mol) -> float:
    """Octanol-water partition coefficient by atom contributions; see `Properties.logp`."""
    return Crippen.MolLogP(molecule)  # pyright: ignore[reportAttributeAccessIssue]


def synthetic_accessibility(molecule: Chem.Mol) -> float:
    """Synthetic accessibility, 1 (easy) to 10 (hard); see `Properties.sa`."""
    return float(_sa_module().calculateScore(molecule))


def drug_likeness(molecule: Chem.Mol, logp: float | None = None) -> float:
    """Quantitative estimate of drug-likeness, 0 to 1; see `Properties.qed`.

    Args:
        molecule: the molecule.
        logp: its `log_p`, if known; computing it takes a quarter of the time.
    """
    if logp is None or any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):  # RDKit removes these first
        return QED.qed(molecule)
    aromatic = Chem.DeleteSubstructs(Chem.Mol(molecule), QED.AliphaticRings)
    return QED.qed(
        molecule,
        qedProperties=QED.QEDproperties(
            MW=molecular_weight(molecule),
            ALOGP=logp,
            HBA=sum(len(molecule.GetSubstructMatches(pattern)) for pattern in QED.Acceptors),
            HBD=rdMolDescriptors.CalcNumHBD(molecule),
            PSA=rdMolDescriptors.CalcTPSA(molecule),
            ROTB=rdMolDescriptors.CalcNumRotatableBonds(molecule, rdMolDescriptors.NumRotatableBondsOptions.Strict),
            AROM=len(Chem.GetSSSR(aromatic)),
            ALERTS=sum(molecule.HasSubstructMatch(alert) for alert in QED.StructuralAlerts),
        ),
    )


def molecular_weight(molecule: Chem.Mol) -> float:
    """Average molecular weight, g/mol."""
    return Descriptors.MolWt(molecule)  # pyright: ignore[reportAttributeAccessIssue]


def largest_ring(molecule: Chem.Mol) -> int:
    """Size of the largest ring of the SSSR (smallest set of smallest rings); 0 without rings."""
    return max(map(len, molecule.GetRingInfo().AtomRings()), default=0)


@cache
def _sa_module() -> ModuleType:
    """RDKit's synthetic accessibility score, in its contrib folder outside the importable package."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("grae.chemistry._sascorer", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise DataError(
            f"this RDKit comes without its synthetic accessibility score: no {path}",
            remedy="install RDKit from PyPI: pip install rdkit",
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
