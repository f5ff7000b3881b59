import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from grae.evaluation.chemnet import (
    WIDTH,
    ChemNet,
    Moments,
    distances_of_halves,
    frechet_distance,
    moments_of,
    moments_of_sums,
)
from grae.evaluation.resampling import halves_of


def gaussian(seed: int, dim: int, n: int = 400) -> Moments:
    generator = np.random.default_rng(seed)
    return moments_of(generator.normal(size=(n, dim)) @ generator.normal(size=(dim, dim)) + generator.normal(size=dim))


@given(st.integers(0, 1000), st.integers(2, 8))
def test_distance_by_the_matrix_root(seed: int, dim: int):
    a, b = gaussian(seed, dim), gaussian(seed + 1, dim)
    root = sqrtm(a.covariance @ b.covariance)
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance - 2 * np.real(root))
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6 * np.trace(a.covariance))


def test_distance_of_gaussians_along_the_axes_in_closed_form():
    a = Moments(9, np.array([1.0, 2.0]), np.diag([4.0, 9.0]))
    b = Moments(9, np.array([1.0, 0.0]), np.diag([1.0, 0.0]))  # flat in one direction
    assert frechet_distance(a, b) == pytest.approx(4 + (2 - 1) ** 2 + 9)


def test_moments_of_sums_are_those_of_the_numbers():
    x = np.random.default_rng(0).normal(3.0, 2.0, (50, 6))
    by_sums = moments_of_sums(len(x), x.sum(axis=0), x.T @ x)
    np.testing.assert_allclose(by_sums.mean, moments_of(x).mean)
    np.testing.assert_allclose(by_sums.covariance, moments_of(x).covariance, atol=1e-12)


def test_each_half_by_itself():
    generator = np.random.default_rng(0)
    activations = generator.normal(size=(60, WIDTH)).astype(np.float32)
    reference = moments_of(generator.normal(0.1, 1.1, (700, WIDTH)))
    halves = halves_of(60, 0, halves=2)
    assert halves is not None
    expected = [frechet_distance(reference, moments_of(activations[half[halves.group]])) for half in halves.chosen]
    np.testing.assert_allclose(distances_of_halves(reference, activations, halves), expected, rtol=1e-6)


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
    np.testing.assert_allclose(weighted.mean, moments_of(activations).mean, atol=1e-6)
    np.testing.assert_allclose(weighted.covariance, moments_of(activations).covariance, atol=1e-6)
    assert (weighted.n, told[-1]) == (8, 1.0)
