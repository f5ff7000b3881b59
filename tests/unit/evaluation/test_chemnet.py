import warnings

import numpy as np
import pytest

from grae.evaluation.chemnet import WIDTH, ChemNet, distances_of_subsamples
from grae.evaluation.resampling import subsamples_of
from grae.frechet import Moments, frechet_distance


def test_each_half_by_itself():
    generator = np.random.default_rng(0)
    activations = generator.normal(size=(60, WIDTH)).astype(np.float32)
    reference = Moments.of(generator.normal(0.1, 1.1, (700, WIDTH)))
    halves = subsamples_of(60, 0, halves=2)
    assert halves is not None
    expected = [frechet_distance(reference, Moments.of(activations[half[halves.group]])) for half in halves.chosen]
    np.testing.assert_allclose(distances_of_subsamples(reference, activations, halves), expected, rtol=1e-6)


@pytest.fixture(scope="module")
def network() -> ChemNet:
    pytest.importorskip("fcd")
    return ChemNet()


def test_activations_are_those_of_the_package(network: ChemNet, molecules):
    import fcd

    texts = molecules("nci", 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own
        expected = fcd.get_predictions(network._network, texts, n_jobs=0, device="cpu")
    np.testing.assert_allclose(network.activations(texts), expected, atol=2e-5)


@pytest.mark.parametrize(
    "text", ["C", "CCCC", "C" * 339, "C" * 346, "C" * 347, "C" * 348, "C" * 349, "C" * 350, "C" * 403]
)
def test_strings_of_all_lengths_as_the_network_reads_them(network: ChemNet, text: str):
    """Padding is computed apart from the string; where one ends and the other begins makes no difference."""
    import torch
    from fcd.utils import get_one_hot

    read = get_one_hot(text, max(350, len(text) + 1)) / 35
    with torch.inference_mode():
        expected = network._network(torch.from_numpy(read.astype(np.float32)).T[None]).numpy()
    np.testing.assert_allclose(network.activations([text]), expected, atol=2e-5)


def test_a_long_molecule_changes_no_other(network: ChemNet, molecules):
    texts = molecules("nci", 4)
    together = network.activations([*texts[:2], "C" * 400, *texts[2:]])
    np.testing.assert_allclose(together[[0, 1, 3, 4]], network.activations(texts), atol=2e-5)
    assert np.isfinite(together).all()


def test_weights_count_a_molecule_as_often_as_it_is_there(network: ChemNet, molecules):
    texts = molecules("nci", 5)
    told: list[float] = []
    weighted = network.sums(texts, np.array([1, 3, 1, 2, 1]), progress=told.append).moments
    activations = network.activations(texts)[[0, 1, 1, 1, 2, 3, 3, 4]]
    np.testing.assert_allclose(weighted.mean, Moments.of(activations).mean, atol=1e-6)
    np.testing.assert_allclose(weighted.covariance, Moments.of(activations).covariance, atol=1e-6)
    assert (weighted.n, told[-1]) == (8, 1.0)
