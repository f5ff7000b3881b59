"""Molecules to compare samples with, in the statistics that this takes, computed once and kept in the cache."""

from dataclasses import dataclass

import numpy as np

from grae.errors import DataError
from grae.evaluation.chemnet import ChemNet, Moments
from grae.evaluation.descriptions import Distinct, describe
from grae.evaluation.kept import joined, kept, split
from grae.evaluation.meaning import Meaning
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The statistics of m molecules, those that are there twice counted twice.

    Attributes:
        name: what the set is called.
        invalid: how many strings of the set are no valid molecule and were left out.
        fingerprints: (m, 16) uint64, packed.
        values: (m, 4) float64, logP, SA, QED and weight.
        fragments: how often each BRICS fragment occurs.
        scaffolds: how often each scaffold occurs.
        moments: of the activations of ChemNet; None where they were not asked for.
    """

    name: str
    invalid: int
    fingerprints: np.ndarray
    values: np.ndarray
    fragments: dict[str, int]
    scaffolds: dict[str, int]
    moments: Moments | None

    def __len__(self) -> int:
        return len(self.fingerprints)


def reference_of(strings: Strings, meaning: Meaning, chemnet: ChemNet | None, work: Work) -> Reference:
    """The statistics of a set of molecules.

    Args:
        strings: the set.
        meaning: that of molecules.
        chemnet: the network whose activations are asked for, if any.
        work: how to measure.

    Raises:
        DataError: the set holds no valid molecule, or cannot be read.
        RunError: the cache cannot be read or written.
    """
    known: list[Distinct] = []  # read at most once, and only if something is not in the cache

    def molecules() -> Distinct:
        if not known:
            work.begin(f"reading {strings.name}")
            texts = list(strings.read())
            known.append(Distinct.of(texts, meaning.canonical(texts, n_jobs=work.n_jobs)))
            if not len(known[0].places):
                raise DataError(f"{strings.name} holds no valid molecule", remedy="give a reference of molecules")
        return known[0]

    found = kept("statistics", strings, lambda: _statistics(strings, molecules(), work))
    moments = None
    if chemnet is not None:
        arrays = kept("activations", strings, lambda: _activations(strings, molecules(), chemnet, work))
        moments = Moments(int(arrays["n"][0]), arrays["mean"], arrays["covariance"])
    return Reference(
        name=strings.name,
        invalid=int(found["invalid"][0]),
        fingerprints=found["fingerprints"],
        values=found["values"],
        fragments=dict(zip(split(found["fragments"]), found["fragment_counts"].tolist(), strict=True)),
        scaffolds=dict(zip(split(found["scaffolds"]), found["scaffold_counts"].tolist(), strict=True)),
        moments=moments,
    )


def _statistics(strings: Strings, molecules: Distinct, work: Work) -> dict[str, np.ndarray]:
    done = work.begin(f"describing {strings.name}")
    described = describe(molecules, filters=False, n_jobs=work.n_jobs, progress=done).repeated(molecules.places)
    return {
        "invalid": np.array([sum(1 for _ in strings.read()) - len(molecules.places)]),
        "fingerprints": described.fingerprints,
        "values": described.values,
        "fragments": joined(described.fragments.names),
        "fragment_counts": described.fragments.counts,
        "scaffolds": joined(described.scaffolds.names),
        "scaffold_counts": described.scaffolds.counts,
    }


def _activations(strings: Strings, molecules: Distinct, chemnet: ChemNet, work: Work) -> dict[str, np.ndarray]:
    weights = np.bincount(molecules.places, minlength=len(molecules.forms))
    moments = chemnet.moments(molecules.forms, weights, progress=work.begin(f"ChemNet on {strings.name}"))
    return {"n": np.array([moments.n]), "mean": moments.mean, "covariance": moments.covariance}
