"""Each measure beside that of MOSES's own code, on the same strings; the references beside the published statistics."""

import warnings
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import molsets  # pyright: ignore[reportMissingImports]  (tests/oracles)
import numpy as np
import pytest
from rdkit import rdBase

from grae.datasets import open_source
from grae.evaluation import Comparison, Strings, Work, evaluate_samples
from grae.evaluation.chemnet import ChemNet, has_fcd
from grae.evaluation.descriptions import FINGERPRINTS, PARTS, PASSES, PROPERTIES, Distinct, describe
from grae.evaluation.references import Reference, reference_of
from grae.frechet import Moments, frechet_distance
from grae.grammar import load_grammar

SMILES = load_grammar("smiles")


@pytest.fixture(scope="module")
def theirs() -> Any:
    return molsets.metrics()


@pytest.fixture(scope="module")
def sets(first) -> dict[str, list[str]]:
    """Samples with duplicates, other spellings and invalid strings; a reference, a second one, and a training set."""
    wehi, nci = first("wehi", 260), first("nci", 220)
    return {
        "samples": [*wehi[:150], "C1CC", wehi[7], "OCC", "c1cccc1", *nci[:40], nci[3], "C1=CC=CC=C1", "F/C=C/F"],
        "test": [*nci[20:], *wehi[140:220]],
        "scaffolds": wehi[200:],
        "train": [*wehi[:30], *nci[100:]],
    }


@pytest.fixture(scope="session")
def first():
    def some(name: str, n: int) -> list[str]:
        forms = SMILES.canonical(list(islice(open_source(name).texts(), n)))
        return [form for form in forms if form is not None]

    return some


@pytest.fixture(scope="module")
def ours(sets: dict[str, list[str]]) -> dict[str, Any]:
    comparison = Comparison(
        Strings.of_list("test", sets["test"]), Strings.of_list("scaffolds", sets["scaffolds"]), fcd=False
    )
    training = Strings.of_list("training", sets["train"])
    return evaluate_samples(SMILES, sets["samples"], training=training, comparison=comparison).to_dict()


@pytest.fixture(scope="module")
def expected(theirs: Any, sets: dict[str, list[str]]) -> dict[str, float]:
    """What `get_all_metrics` computes, by its own functions in its own order."""
    with rdBase.BlockLogs(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valid = theirs.remove_invalid(sets["samples"], canonize=True)
        molecules = [theirs.get_mol(text) for text in valid]
        found = {
            "valid": theirs.fraction_valid(sets["samples"]),
            "unique": theirs.fraction_unique(valid),
            "novel": theirs.novelty(molecules, sets["train"]),
            "Filters": theirs.fraction_passes_filters(molecules),
            "IntDiv": theirs.internal_diversity(molecules),
            "IntDiv2": theirs.internal_diversity(molecules, p=2),
        }
        for test, name in (("Test", "test"), ("TestSF", "scaffolds")):
            known = [theirs.get_mol(text) for text in sets[name]]
            found[f"SNN/{test}"] = theirs.SNNMetric()(ref=known, gen=molecules)
            found[f"Frag/{test}"] = theirs.FragMetric()(ref=known, gen=molecules)
            found[f"Scaf/{test}"] = theirs.ScafMetric()(ref=known, gen=molecules)
            if test == "Test":
                for measure in ("logP", "SA", "QED", "weight"):
                    function = getattr(theirs, measure)
                    found[measure] = theirs.WassersteinMetric(function)(ref=known, gen=molecules)
    return found


MEASURES = ("valid", "unique", "novel", "Filters", "IntDiv", "IntDiv2", "logP", "SA", "QED", "weight")


@pytest.mark.parametrize(
    "name", [*MEASURES, *(f"{one}/{t}" for t in ("Test", "TestSF") for one in ("SNN", "Frag", "Scaf"))]
)
def test_each_measure_is_that_of_moses(ours: dict[str, Any], expected: dict[str, float], name: str):
    assert ours[name] == pytest.approx(expected[name], abs=2e-6), name  # theirs adds in single precision


@pytest.mark.skipif(not has_fcd(), reason="needs the extra fcd")
def test_the_chemnet_distance_is_that_of_moses(theirs: Any, sets: dict[str, list[str]]):
    """Of one component each: fcd_torch reads a SMILES up to its first dot, the package fcd to its end.

    Theirs takes the root of a product of covariances of fewer molecules than dimensions, which costs some digits.
    """
    some, others = (SMILES.canonical(sets[name]) for name in ("samples", "test"))
    texts, known = ([form for form in forms if form is not None and "." not in form] for forms in (some, others))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metric = theirs.FCDMetric()
        activations = metric.get_predictions(texts)
        expected = metric(gen=texts, ref=known)
    network = ChemNet()
    np.testing.assert_allclose(network.activations(texts), activations, atol=2e-5)
    weights = np.ones(len(known), np.int64)
    found = frechet_distance(network.sums(known, weights).moments, Moments.of(network.activations(texts)))
    assert found == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("name", "split"), [("moses-test", "test"), ("moses-test-scaffolds", "test_scaffolds")])
def test_molecules_of_a_reference_are_described_as_published(data_home: Path, theirs: Any, name: str, split: str):
    """Every 400th molecule beside its own entry of the published statistics, which an RDKit of 2020 computed."""
    texts = list(open_source(name).texts())[::400]
    forms = SMILES.canonical(texts)
    molecules = Distinct.of(texts, forms)
    described = describe(molecules, (FINGERPRINTS, *PROPERTIES)).repeated(molecules.places)
    published = molsets.statistics(split)
    bits = np.unpackbits(described.arrays[FINGERPRINTS].view(np.uint8), axis=1, bitorder="little")
    assert (bits == published["SNN"]["fps"][::400]).all(axis=1).mean() > 0.99
    for part, tolerance in (("logP", 1e-6), ("SA", 1e-6), ("QED", 1e-6), ("weight", 1e-2)):
        apart = np.abs(described.arrays[part] - np.array(published[part]["values"])[::400])
        print(f"{part}: alike {(apart < tolerance).mean():.4f}, largest difference {apart.max():.2e}")
        assert (apart < tolerance).mean() > 0.97, part


@pytest.mark.slow
@pytest.mark.parametrize(("name", "split"), [("moses-test", "test"), ("moses-test-scaffolds", "test_scaffolds")])
def test_the_statistics_of_a_reference_are_those_published(data_home: Path, theirs: Any, name: str, split: str):
    parts = [part for part in PARTS if part != PASSES]
    strings = Strings.of_source(open_source(name))
    chemnet = ChemNet() if has_fcd() else None
    reference = reference_of(strings, SMILES, parts, chemnet, Work(0, -1))
    compared(reference, molsets.statistics(split))


def compared(reference: Reference, published: dict[str, Any]) -> None:
    """Both were computed from the same molecules, by RDKits six years apart."""
    assert len(reference) == len(published["SNN"]["fps"])
    assert reference.invalid == 0
    bits = np.unpackbits(reference.arrays["fingerprints"].view(np.uint8), axis=1, bitorder="little")
    alike = (bits == published["SNN"]["fps"]).all(axis=1).mean()
    print(f"fingerprints alike: {alike:.6f}")
    assert alike > 0.999
    for property, tolerance in (("logP", 1e-3), ("SA", 2e-2), ("QED", 1e-3), ("weight", 2e-2)):
        values = np.array(published[property]["values"])
        apart = np.abs(reference.arrays[property] - values)
        print(f"{property}: mean difference {apart.mean():.2e}, largest {apart.max():.2e}")
        assert apart.mean() < tolerance, property
    for part, key, name in (("fragments", "Frag", "frag"), ("scaffolds", "Scaf", "scaf")):
        known, other = reference.counts[part], Counter(published[key][name])
        shared = sum((known & other).values()) / max(known.total(), other.total())
        print(f"{part}: {shared:.6f} of their counts alike")
        assert shared > 0.99, part
    if reference.moments is not None:
        mean, covariance = published["FCD"]["mu"], published["FCD"]["sigma"]
        print(f"FCD mean: {np.abs(reference.moments.mean - mean).max():.2e}")
        print(f"FCD covariance: {np.abs(reference.moments.covariance - covariance).max():.2e}")
        assert np.abs(reference.moments.mean - mean).max() < 1e-3
        assert np.abs(reference.moments.covariance - covariance).max() < 1e-3
