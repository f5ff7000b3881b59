"""The Gaussian processes, against closed forms and against gpytorch's own posterior."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from grae.optimization.sparse import SparseSurrogate, log_improvement
from grae.optimization.surrogate import LocalSurrogate, normal_scores, one_thread


def smooth(points: np.ndarray) -> np.ndarray:
    return np.sin(points[:, 0]) + 0.5 * points[:, 1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_normal_scores_keep_the_order(values):
    array = np.array(values)
    scores = normal_scores(array)
    assert np.isfinite(scores).all()
    order = np.argsort(array, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()
    assert ((np.diff(scores[order]) > 0) == (np.diff(array[order]) > 0)).all()


def test_one_thread_and_then_as_before():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_the_local_surrogate_learns_at_any_scale(scale):
    rng = np.random.default_rng(0)
    points, new = rng.standard_normal((120, 6)), rng.standard_normal((200, 6))
    surrogate = LocalSurrogate(scale * points, smooth(points))
    mean, deviation = surrogate.predict(scale * new)
    assert np.corrcoef(mean, smooth(new))[0, 1] > 0.9
    assert (deviation > 0).all()


def test_draws_follow_the_posterior():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 3))
    surrogate = LocalSurrogate(points, smooth(points))
    new = rng.standard_normal((5, 3))
    drawn = surrogate.draw(new, 4000, rng)
    mean, deviation = surrogate.predict(new)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=4 * deviation.max() / np.sqrt(4000) + 1e-6)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.1)


def test_thompson_takes_distinct_points_among_the_best():
    rng = np.random.default_rng(0)
    points, new = rng.standard_normal((150, 3)), rng.standard_normal((1200, 3))
    surrogate = LocalSurrogate(points, smooth(points))
    taken = surrogate.thompson(new, 8, np.random.default_rng(1))
    assert len(set(taken)) == 8
    assert taken == surrogate.thompson(new, 8, np.random.default_rng(1))
    assert smooth(new)[taken].mean() > np.quantile(smooth(new), 0.95)
    assert sorted(surrogate.thompson(new[:3], 8, rng)) == [0, 1, 2]


def test_equal_points_and_equal_values_do_not_break_it():
    points = np.repeat(np.eye(4), 5, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, _ = LocalSurrogate(points, np.zeros(20)).predict(points[:2])
    np.testing.assert_allclose(mean, 0, atol=1e-6)


@pytest.mark.parametrize(
    ("mean", "deviation", "incumbent"), [(0.0, 1.0, 0.5), (2.0, 0.3, 1.0), (0.0, 1.0, 4.9), (0.0, 2.0, 9.9)]
)
def test_expected_improvement_is_its_integral(mean, deviation, incumbent):
    gain, _ = quad(
        lambda y: (y - incumbent) * norm.pdf(y, mean, deviation), incumbent, max(incumbent, mean) + 12 * deviation
    )
    found = log_improvement(torch.tensor([mean]).double(), torch.tensor([deviation**2]).double(), incumbent)
    assert found.item() == pytest.approx(np.log(gain), rel=1e-4)


def test_far_below_the_incumbent_the_improvement_has_a_slope():
    mean = torch.linspace(-60, -4, 300, dtype=torch.float64).requires_grad_()
    values = log_improvement(mean, torch.ones(300, dtype=torch.float64), 0.0)
    assert torch.isfinite(values).all()
    assert (values.diff() > 0).all()
    values.sum().backward()
    assert mean.grad is not None
    assert (mean.grad > 0).all()
    wanted = [norm.logpdf(u) - 2 * np.log(u) + np.log1p(-3 / u**2) for u in (8.0, 20.0)]
    found = log_improvement(torch.tensor([-8.0, -20.0]).double(), torch.ones(2).double(), 0.0)
    np.testing.assert_allclose(found.numpy(), wanted, atol=0.03)


@pytest.fixture(scope="module")
def sparse() -> tuple[SparseSurrogate, np.ndarray]:
    rng = np.random.default_rng(0)
    points = rng.uniform(-2, 2, (400, 2))
    values = -np.square(points - [0.5, -1.0]).sum(axis=1)
    return SparseSurrogate(points, values, inducing=50, steps=150, batch=200, rng=rng), points


def test_the_sparse_moments_are_gpytorchs(sparse):
    surrogate, points = sparse
    new = torch.from_numpy(points[:7] + 0.1)
    with torch.no_grad():
        wanted = surrogate.model(new)
        mean, variance = surrogate._moments(new)
        covariance = surrogate._covariance(new, new)
    np.testing.assert_allclose(mean.numpy(), wanted.mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(variance.numpy(), wanted.variance.numpy(), atol=1e-3)
    np.testing.assert_allclose(covariance.numpy(), wanted.covariance_matrix.numpy(), atol=1e-3)


def test_believing_a_point_leaves_its_neighbors_less_to_learn(sparse):
    surrogate, points = sparse
    grid, believed = torch.from_numpy(points[:30]), torch.from_numpy(points[:2])
    with torch.no_grad():
        before = surrogate._moments(grid)[1]
        one = surrogate._also_believing(grid, before, believed[:0], believed[:1])
        both = surrogate._also_believing(grid, one, believed[:1], believed[1:])
        at_once = torch.stack([surrogate._believing(point[None], before[:1], believed)[0] for point in grid])
    assert (one <= before + 1e-9).all()
    assert (both <= one + 1e-9).all()
    np.testing.assert_allclose(both.numpy(), at_once.numpy(), atol=1e-8)


def test_a_batch_lies_in_the_box_near_the_best(sparse):
    surrogate, points = sparse
    batch = surrogate.batch(4, np.random.default_rng(0))
    assert batch.shape == (4, 2)
    assert (batch >= points.min(axis=0) - 1e-12).all()
    assert (batch <= points.max(axis=0) + 1e-12).all()
    assert np.linalg.norm(batch[0] - [0.5, -1.0]) < 0.5
    assert len(np.unique(batch.round(6), axis=0)) > 1
