"""The measures that only molecules have, alone and against a reference, as the MOSES benchmark defines them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grae.evaluation.chemnet import ChemNet, Moments, distances_of_halves, frechet_distance, moments_of
from grae.evaluation.descriptions import PROPERTIES, Descriptions, Distinct, describe
from grae.evaluation.distribution import Found, count_similarity, internal_diversity, property_distance
from grae.evaluation.figures import Figure
from grae.evaluation.metrics import Estimate, Share
from grae.evaluation.references import Reference
from grae.evaluation.resampling import (
    Halves,
    halves_of,
    interval_of_halves,
    interval_of_mean,
    interval_of_share,
)
from grae.evaluation.tanimoto import nearest
from grae.evaluation.work import Work

FCD_HALVES = 100  # each takes the eigenvalues of a matrix of 512 x 512


@dataclass(frozen=True, slots=True, eq=False)
class Molecules:
    """Valid samples, described.

    Attributes:
        described: (n valid samples).
        halves: of the samples.
        activations: of ChemNet, (n, 512) float32; None where they were not asked for.
    """

    described: Descriptions
    halves: Halves | None
    activations: np.ndarray | None

    def __len__(self) -> int:
        return len(self.described.fingerprints)


def molecules_of(
    samples: Sequence[str | None], forms: Sequence[str | None], chemnet: ChemNet | None, work: Work
) -> Molecules | None:
    """Describes the valid samples; None where no sample is valid.

    Args:
        samples: the strings.
        forms: the canonical form of each, None for the invalid.
        chemnet: the network, where its activations are asked for.
        work: how to measure.
    """
    distinct = Distinct.of(samples, forms)
    if not len(distinct.places):
        return None
    described = describe(distinct, n_jobs=work.n_jobs, progress=work.begin("describing the samples"))
    activations = None
    if chemnet is not None:
        found = chemnet.activations(distinct.forms, progress=work.begin("ChemNet on the samples"))
        activations = found[distinct.places]
    return Molecules(described.repeated(distinct.places), halves_of(len(distinct.places), work.seed), activations)


def measures_alone(molecules: Molecules, work: Work) -> dict[str, Figure | None]:
    """Filters, IntDiv and IntDiv2."""
    work.begin("pairs of samples")
    passes, n = molecules.described.passes, len(molecules)
    share = Share(0 if passes is None else int(passes.sum()), n)
    first, second = internal_diversity(molecules.described.fingerprints, molecules.halves, n_jobs=work.n_jobs)
    return {
        "Filters": Figure(share, interval_of_share(share.count, share.of)),
        "IntDiv": _figure(first, n),
        "IntDiv2": _figure(second, n),
    }


def measures_against(molecules: Molecules, reference: Reference, test: str, work: Work) -> dict[str, Figure | None]:
    """FCD, SNN, Frag, Scaf and, for the test set, the distances of properties; None for what is undefined.

    Args:
        molecules: the valid samples.
        reference: what they are compared with.
        test: MOSES's name for it, "Test" or "TestSF".
        work: how to measure.
    """
    work.begin(f"samples against {reference.name}")
    described, halves, n = molecules.described, molecules.halves, len(molecules)
    similarities = nearest(described.fingerprints, reference.fingerprints, n_jobs=work.n_jobs)
    found: dict[str, Figure | None] = {}
    if molecules.activations is not None and reference.moments is not None:
        found[f"FCD/{test}"] = _fcd(molecules.activations, reference.moments, halves)
    found[f"SNN/{test}"] = Figure(Estimate(float(similarities.mean()), n), interval_of_mean(similarities, work.seed))
    found[f"Frag/{test}"] = _figure(count_similarity(described.fragments, reference.fragments, halves), n)
    found[f"Scaf/{test}"] = _figure(count_similarity(described.scaffolds, reference.scaffolds, halves), n)
    if test == "Test":
        for place, name in enumerate(PROPERTIES):
            distance = property_distance(described.values[:, place], reference.values[:, place], halves)
            found[name] = _figure(distance, n)
    return found


def _fcd(activations: np.ndarray, reference: Moments, halves: Halves | None) -> Figure | None:
    """The Fréchet ChemNet distance; None where a covariance is undefined, of fewer than two molecules."""
    if len(activations) < 2 or reference.n < 2:
        return None
    value = frechet_distance(reference, moments_of(activations))
    some = None if halves is None else Halves(halves.group, halves.chosen[:FCD_HALVES])
    interval = interval_of_halves(value, some, lambda halves: distances_of_halves(reference, activations, halves))
    return Figure(Estimate(value, len(activations)), interval)


def _figure(found: Found | None, n: int) -> Figure | None:
    return None if found is None else Figure(Estimate(found[0], n), found[1])
