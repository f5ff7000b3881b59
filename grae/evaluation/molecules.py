"""Measures of molecules, without and with a reference, as defined by the MOSES benchmark."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from grae.evaluation.chemnet import ChemNet, distances_of_subsamples
from grae.evaluation.descriptions import (
    FINGERPRINTS,
    FRAGMENTS,
    PASSES,
    PROPERTIES,
    SCAFFOLDS,
    Descriptions,
    Distinct,
    describe,
)
from grae.evaluation.distribution import Found, count_similarity, internal_diversity, property_distance
from grae.evaluation.measurements import Measurement
from grae.evaluation.metrics import Estimate, Share
from grae.evaluation.references import Reference
from grae.evaluation.resampling import (
    Subsamples,
    interval_of_mean,
    interval_of_share,
    interval_of_subsamples,
    subsamples_of,
)
from grae.evaluation.tanimoto import nearest
from grae.evaluation.work import Work
from grae.frechet import Moments, frechet_distance

FCD_HALVES = 100  # each needs the eigenvalues of a 512 x 512 matrix
PART_OF = {
    "Filters": PASSES,
    "IntDiv": FINGERPRINTS,
    "IntDiv2": FINGERPRINTS,
    "SNN": FINGERPRINTS,
    "Frag": FRAGMENTS,
    "Scaf": SCAFFOLDS,
    **{name: name for name in PROPERTIES},
}
"""The `PARTS` of molecules that each measure except FCD needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Molecules:
    """Valid samples, described.

    Attributes:
        n: number of samples.
        described: the requested parts.
        halves: subsamples, for intervals.
        activations: activations of ChemNet, (n, 512) float32; None if not requested.
    """

    n: int
    described: Descriptions
    halves: Subsamples | None
    activations: np.ndarray | None

    def __len__(self) -> int:
        return self.n


def molecules_of(
    samples: Sequence[str | None],
    forms: Sequence[str | None],
    parts: Collection[str],
    chemnet: ChemNet | None,
    work: Work,
) -> Molecules:
    """Describes the valid samples, of which there is at least one.

    Args:
        samples: strings.
        forms: canonical form of each, None for invalid ones.
        parts: names in `PARTS`.
        chemnet: the network, if its activations are requested.
        work: seed, worker count and progress callback.
    """
    distinct = Distinct.of(samples, forms)
    n = len(distinct.places)
    done = work.begin("describing the samples") if parts else None
    described = describe(distinct, parts, n_jobs=work.n_jobs, progress=done).repeated(distinct.places)
    activations = None
    if chemnet is not None:
        activations = chemnet.activations(distinct.forms, progress=work.begin("ChemNet on the samples"))
        activations = activations[distinct.places]
    return Molecules(n, described, subsamples_of(n, work.seed), activations)


def measures_alone(molecules: Molecules, names: Collection[str], work: Work) -> dict[str, Measurement | str]:
    """The requested ones of Filters, IntDiv and IntDiv2."""
    n, arrays = len(molecules), molecules.described.arrays
    figures: dict[str, Measurement | str] = {}
    if "Filters" in names:
        share = Share(int(arrays[PASSES].sum()), n)
        figures["Filters"] = Measurement(share, interval_of_share(share.count, share.of))
    if {"IntDiv", "IntDiv2"} & set(names):
        work.begin("pairs of samples")
        both = internal_diversity(arrays[FINGERPRINTS], molecules.halves, n_jobs=work.n_jobs)
        diversities = dict(zip(("IntDiv", "IntDiv2"), both, strict=True))
        figures |= {name: _figure(value, n) for name, value in diversities.items() if name in names}
    return figures


def measures_against(
    molecules: Molecules, reference: Reference, names: Collection[str], work: Work
) -> dict[str, Measurement | str]:
    """The requested ones of FCD, SNN, Frag, Scaf and the property distances; for an undefined one, the reason.

    Args:
        molecules: the valid samples.
        reference: the reference.
        names: names of the measures, without "/Test".
        work: worker count and progress callback.
    """
    work.begin(f"samples against {reference.name}")
    described, halves, n = molecules.described, molecules.halves, len(molecules)
    figures: dict[str, Measurement | str] = {}
    for name in names:
        if name == "FCD":
            figures[name] = _fcd(molecules, reference)
        elif name == "SNN":
            known = reference.arrays[FINGERPRINTS]
            similarities = nearest(described.arrays[FINGERPRINTS], known, n_jobs=work.n_jobs)
            mean = Estimate(float(similarities.mean()), n)
            figures[name] = Measurement(mean, interval_of_mean(similarities, work.seed))
        elif name in PROPERTIES:
            distance = property_distance(described.arrays[name], reference.arrays[name], halves)
            figures[name] = _figure(distance, n)
        else:
            parts, known = described.occurrences[PART_OF[name]], reference.counts[PART_OF[name]]
            if parts.names and known:
                figures[name] = _figure(count_similarity(parts, known, halves), n)
            else:
                what = "BRICS fragment" if name == "Frag" else "scaffold of 2 rings or more"
                figures[name] = f"no {what} in {reference.name if parts.names else 'the samples'}"
    return figures


def _fcd(molecules: Molecules, reference: Reference) -> Measurement | str:
    """The Fréchet ChemNet distance, or why it is undefined."""
    activations, moments, halves = molecules.activations, reference.moments, molecules.halves
    if activations is None or moments is None:
        raise ValueError("the activations of ChemNet were not requested")
    if len(activations) < 2 or moments.n < 2:
        few = "the samples" if len(activations) < 2 else reference.name
        return f"a covariance needs two molecules or more; {few} contain one"
    value = frechet_distance(moments, Moments.of(activations))
    subset = None if halves is None else Subsamples(halves.group, halves.chosen[:FCD_HALVES])
    interval = interval_of_subsamples(
        value, subset, lambda halves: distances_of_subsamples(moments, activations, halves)
    )
    return Measurement(Estimate(value, len(activations)), interval)


def _figure(found: Found, n: int) -> Measurement:
    return Measurement(Estimate(found[0], n), found[1])
