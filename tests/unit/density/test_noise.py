"""Codes drawn from a density with noise."""

import numpy as np

from grae.density import Gaussian
from grae.density.noise import WithNoise


def test_variances_add_up():
    rng = np.random.default_rng(0)
    density = Gaussian().fit(rng.normal(size=(5000, 3)) * [0.5, 1, 2] + [1, 0, -1])
    codes = WithNoise(density, 1.5).sample(40_000, seed=1)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes.mean(axis=0), [1, 0, -1], atol=0.06)
    np.testing.assert_allclose(codes.var(axis=0), np.square([0.5, 1, 2]) + 1.5**2, rtol=0.05)


def test_noise_is_independent_of_the_codes_and_follows_the_seed():
    density = Gaussian().fit(np.random.default_rng(0).normal(size=(100, 2)))
    codes, noisy = density.sample(5000, 3), WithNoise(density, 1.0).sample(5000, 3)
    assert np.abs(np.corrcoef(codes.T, (noisy - codes).T)[:2, 2:]).max() < 0.05
    np.testing.assert_array_equal(noisy, WithNoise(density, 1.0).sample(5000, 3))
    assert not np.array_equal(noisy, WithNoise(density, 1.0).sample(5000, 4))
