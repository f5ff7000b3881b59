"""The Gaussian processes, against closed forms and against gpytorch's own posterior."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grae.optimization import sparse as sparse_module
from grae.optimization.sparse import Believer, SparseProcess, promising
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


@pytest.fixture(scope="module")
def sparse() -> tuple[SparseProcess, np.ndarray]:
    rng = np.random.default_rng(0)
    points = rng.uniform(-2, 2, (400, 2))
    values = -np.square(points - [0.5, -1.0]).sum(axis=1)
    return SparseProcess(points, values, inducing=50, rng=rng), points


def test_with_all_points_inducing_it_is_the_exact_process(monkeypatch):
    rng = np.random.default_rng(1)
    points = rng.uniform(-2, 2, (60, 2))
    values = smooth(points) + 0.1 * rng.standard_normal(60)
    monkeypatch.setattr(sparse_module, "CHUNK", 7)
    process = SparseProcess(points, values, inducing=60, rng=np.random.default_rng(0))
    known, new = torch.from_numpy(points), torch.from_numpy(points[:7] + 0.3)
    outcomes = torch.from_numpy((values - values.mean()) / values.std()) - process.mean
    inverse = torch.linalg.inv(process.kernel(known, known) + process.noise * torch.eye(60, dtype=torch.float64))
    to_known = process.kernel(new, known)
    mean, variance = process.moments(new)
    covariance = process.kernel(new, new) - to_known @ inverse @ to_known.T
    np.testing.assert_allclose(mean.numpy(), (process.mean + to_known @ inverse @ outcomes).numpy(), atol=1e-3)
    np.testing.assert_allclose(process.covariance(new, new).numpy(), covariance.numpy(), atol=1e-3)
    np.testing.assert_allclose(variance.numpy(), covariance.diagonal().numpy(), atol=1e-3)


def test_fewer_inducing_points_are_fitc():
    rng = np.random.default_rng(2)
    points = rng.uniform(-2, 2, (80, 2))
    process = SparseProcess(points, smooth(points), inducing=15, rng=rng)
    known, new = torch.from_numpy(points), torch.from_numpy(points[:5] + 0.2)
    inner = process.kernel(process.inducing, process.inducing) + sparse_module.JITTER * torch.eye(15).double()

    def low_rank(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        left, right = process.kernel(one, process.inducing), process.kernel(process.inducing, other)
        return left @ torch.linalg.solve(inner, right)

    own = torch.diag((1 - low_rank(known, known).diagonal()).clamp_min(0) + process.noise)
    inverse = torch.linalg.inv(low_rank(known, known) + own)
    outcomes = torch.from_numpy((smooth(points) - smooth(points).mean()) / smooth(points).std()) - process.mean
    mean, variance = process.moments(new)
    to_known = low_rank(new, known)
    np.testing.assert_allclose(mean.numpy(), (process.mean + to_known @ inverse @ outcomes).numpy(), atol=1e-4)
    wanted = 1 - (to_known @ inverse * to_known).sum(dim=1)
    np.testing.assert_allclose(variance.numpy(), wanted.numpy(), atol=1e-4)


def test_believing_a_point_leaves_its_neighbors_less_to_learn(sparse):
    process, points = sparse
    grid, new = torch.from_numpy(points[:30]), torch.from_numpy(points[40:43] + 0.05)
    believer = Believer(process, grid)
    before = believer.variances
    for point in new:
        earlier = believer.variances
        believer.believe(point[None])
        assert (believer.variances <= earlier + 1e-12).all()
    among = process.covariance(new, new) + process.noise * torch.eye(3, dtype=torch.float64)
    to_new = process.covariance(grid, new)
    wanted = before - (to_new @ torch.linalg.inv(among) * to_new).sum(dim=1)
    np.testing.assert_allclose(believer.variances.numpy(), wanted.numpy(), atol=1e-7)
    alone = torch.cat([believer.moments(point[None])[1] for point in grid])
    np.testing.assert_allclose(alone.numpy(), wanted.numpy(), atol=1e-7)


def test_a_batch_lies_in_the_box_near_the_best(sparse):
    process, points = sparse
    batch = promising(process, points, 4, np.random.default_rng(0))
    assert batch.shape == (4, 2)
    assert (batch >= points.min(axis=0) - 1e-12).all()
    assert (batch <= points.max(axis=0) + 1e-12).all()
    assert np.linalg.norm(batch[0] - [0.5, -1.0]) < 0.5
    assert len(np.unique(batch.round(6), axis=0)) > 1
