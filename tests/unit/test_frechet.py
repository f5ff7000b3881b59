"""The Frechet distance: closed forms, and what it must do under noise, blur and batching."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter

from grae.errors import DataError
from grae.frechet import Moments, frechet_distance, limit_of_many
from grae.images import load_images


def with_moments(mean: np.ndarray, covariance: np.ndarray, n: int = 50) -> np.ndarray:
    """Features whose mean and covariance are exactly these."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n, len(mean)))
    rows -= rows.mean(axis=0)
    white = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    values, vectors = np.linalg.eigh(covariance)
    return white @ (vectors * np.sqrt(np.maximum(values, 0))).T + mean


def random_covariance(rng: np.random.Generator, dim: int, rank: int) -> np.ndarray:
    factor = rng.standard_normal((dim, rank))
    return factor @ factor.T


def test_of_gaussians_with_commuting_covariances():
    one, other = np.array([1.0, 4.0, 9.0]), np.array([16.0, 4.0, 1.0])
    first = Moments.of(with_moments(np.array([0.0, 1.0, 2.0]), np.diag(one)))
    second = Moments.of(with_moments(np.array([3.0, 1.0, -2.0]), np.diag(other)))
    closed = 9 + 16 + np.square(np.sqrt(one) - np.sqrt(other)).sum()
    assert frechet_distance(first, second) == pytest.approx(closed, rel=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_of_full_covariances_as_scipys_root_has_it(seed):
    rng = np.random.default_rng(seed)
    one, other = random_covariance(rng, 6, 6), random_covariance(rng, 6, 6)
    first, second = Moments.of(with_moments(np.zeros(6), one)), Moments.of(with_moments(np.ones(6), other))
    closed = 6 + np.trace(one + other - 2 * np.real(sqrtm(one @ other)))
    assert frechet_distance(first, second) == pytest.approx(closed, rel=1e-8)
    assert frechet_distance(second, first) == pytest.approx(closed, rel=1e-8)


def test_of_covariances_without_full_rank():
    # Both on one line through the origin: the distance is that of Gaussians on a line, 3^2 + (2 - 5)^2.
    line = np.array([3.0, 4.0]) / 5
    spread = np.random.default_rng(0).standard_normal(400)
    spread = (spread - spread.mean()) / spread.std(ddof=1)
    first = Moments.of(2 * spread[:, None] * line)
    second = Moments.of((5 * spread + 3)[:, None] * line)
    assert frechet_distance(first, second) == pytest.approx(18, rel=1e-6)


@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_of_a_set_with_itself_is_0(n, dim, seed, scale):
    features = scale * np.random.default_rng(seed).standard_normal((n, dim))
    moments = Moments.of(features)
    assert frechet_distance(moments, moments) <= 1e-6 * max(1.0, float(np.trace(moments.covariance)))


def test_grows_under_noise_and_under_blur():
    digits = load_images("digits")
    images = digits.test.images.astype(np.float64)
    real = Moments.of(images.reshape(len(images), -1))
    rng = np.random.default_rng(0)
    noisy = [images + level * rng.standard_normal(images.shape) for level in (0, 5, 20, 60)]
    blurred = [gaussian_filter(images, (0, width, width, 0)) for width in (0, 0.5, 1, 2)]
    for changed in (noisy, blurred):
        distances = [frechet_distance(real, Moments.of(some.reshape(len(some), -1))) for some in changed]
        assert distances[0] < 1e-6 * np.trace(real.covariance)
        assert distances == sorted(distances)
        assert distances[-1] > 10 * distances[1]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 10_000), st.floats(0, 1e6))
def test_moments_do_not_depend_on_the_batches(sizes, seed, offset):
    features = np.random.default_rng(seed).standard_normal((sum(sizes) + 1, 4)) + offset
    whole, parts = Moments.of(features), Moments()
    for batch in np.split(features, np.cumsum(sizes)):
        parts.add(batch)
    assert parts.n == whole.n
    assert np.allclose(parts.mean, features.mean(axis=0), rtol=1e-12)
    assert np.allclose(parts.covariance, np.cov(features.T), atol=1e-9)
    assert np.allclose(parts.covariance, whole.covariance, atol=1e-9)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="have no covariance"):
        frechet_distance(Moments.of(np.zeros((1, 3))), Moments.of(np.zeros((4, 3))))
    with pytest.raises(DataError, match="cannot be compared"):
        frechet_distance(Moments.of(np.zeros((4, 2))), Moments.of(np.zeros((4, 3))))
    with pytest.raises(DataError, match="NaN"):
        Moments.of(np.full((4, 3), np.nan))
    with pytest.raises(DataError, match="shape"):
        Moments.of(np.zeros((4, 3))).add(np.zeros((4, 2)))


def test_the_limit_of_many_takes_the_bias_of_few_away():
    """Features of the very law compared with: the distance is the bias alone, which is about F / n here and more."""
    real = Moments.of(np.random.default_rng(0).standard_normal((200_000, 8)))
    few, limits = [], []
    for seed in range(12):
        features = np.random.default_rng(seed + 1).standard_normal((400, 8))
        few.append(frechet_distance(real, Moments.of(features)))
        limits.append(limit_of_many(real, features, seed=seed))
    assert np.mean(few) > 0.03
    assert abs(np.mean(limits)) < 0.3 * np.mean(few)


def test_of_fewer_than_two_for_each_feature_there_is_no_limit():
    features = np.random.default_rng(0).standard_normal((40, 20))
    assert limit_of_many(Moments.of(features), features) is not None
    assert limit_of_many(Moments.of(features), features[:39]) is None


def test_a_root_follows_what_is_added():
    rows = np.random.default_rng(0).standard_normal((50, 3))
    moments = Moments.of(rows[:20])
    assert np.allclose(moments.root @ moments.root, moments.covariance)
    moments.add(rows[20:])
    assert np.allclose(moments.root @ moments.root, np.cov(rows.T))


def gaussian(seed: int, dim: int, n: int = 400) -> Moments:
    generator = np.random.default_rng(seed)
    return Moments.of(generator.normal(size=(n, dim)) @ generator.normal(size=(dim, dim)) + generator.normal(size=dim))


@given(st.integers(0, 1000), st.integers(2, 8))
def test_distance_by_the_matrix_root(seed: int, dim: int):
    a, b = gaussian(seed, dim), gaussian(seed + 1, dim)
    root = sqrtm(a.covariance @ b.covariance)
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance - 2 * np.real(root))
    for quick in (False, True):
        assert frechet_distance(a, b, quick=quick) == pytest.approx(expected, rel=1e-6)
        assert frechet_distance(b, a, quick=quick) == pytest.approx(expected, rel=1e-6)
        assert frechet_distance(a, a, quick=quick) == pytest.approx(0, abs=1e-6 * np.trace(a.covariance))


def test_distance_of_gaussians_along_the_axes_in_closed_form():
    a = Moments(9, np.array([1.0, 2.0]), 8 * np.diag([4.0, 9.0]))
    b = Moments(9, np.array([1.0, 0.0]), 8 * np.diag([1.0, 0.0]))  # flat in one direction
    assert frechet_distance(a, b) == pytest.approx(4 + (2 - 1) ** 2 + 9)


def test_moments_of_sums_are_those_of_the_numbers():
    x = np.random.default_rng(0).normal(3.0, 2.0, (50, 6))
    by_sums = Moments.of_sums(len(x), x.sum(axis=0), x.T @ x)
    np.testing.assert_allclose(by_sums.mean, Moments.of(x).mean)
    np.testing.assert_allclose(by_sums.covariance, Moments.of(x).covariance, atol=1e-12)
