"""The kernel inception distance against its definition, and what makes it unbiased."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from grae.errors import DataError
from grae.images.kernel import _discrepancy, kernel_distance


def normal(n: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((n, 6)) + shift).astype(np.float32)


def test_a_block_is_the_u_statistic_of_the_cubic_kernel():
    x, y = normal(7, 0), normal(7, 1)
    xx, yy, xy = (polynomial_kernel(one, other, degree=3, coef0=1) for one, other in ((x, x), (y, y), (x, y)))
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    expected = np.mean([xx[i, j] for i, j in pairs]) + np.mean([yy[i, j] for i, j in pairs]) - 2 * xy.mean()
    assert _discrepancy(x, y) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("n", [40, 400, 4000])
def test_of_one_law_it_is_0_within_its_error_however_few_there_are(n):
    found = [kernel_distance(normal(n, seed), normal(n, 1000 + seed)) for seed in range(20)]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean()) < 3 * values.std(ddof=1) / np.sqrt(20)
    assert np.mean([estimate.error for estimate in found]) == pytest.approx(values.std(ddof=1), rel=0.6)


def test_it_grows_with_the_difference():
    real = normal(4000, 0)
    near, far = (kernel_distance(real, normal(4000, 1, shift)) for shift in (0.1, 0.5))
    assert 0 < near.value < far.value
    assert far.value > 10 * far.error


def test_the_same_seed_gives_the_same():
    x, y = normal(50, 0), normal(60, 1, 0.2)
    assert kernel_distance(x, y, seed=3) == kernel_distance(x, y, seed=3)
    assert kernel_distance(x, y, seed=3) != kernel_distance(x, y, seed=4)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="too few for a kernel distance"):
        kernel_distance(normal(7, 0), normal(90, 1))
    with pytest.raises(DataError, match="cannot be compared"):
        kernel_distance(normal(9, 0), normal(9, 1)[:, :3])
