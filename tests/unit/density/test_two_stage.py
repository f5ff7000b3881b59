"""The two-stage density: its bound against a density in closed form, and its file."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from grae import files
from grae.density import Gaussian, TwoStage, load_densities, save_densities
from grae.density.second_stage import LOG_SIGMA_BOUND
from grae.errors import RunError, SettingsError


def ring(n: int, seed: int) -> np.ndarray:
    """Codes around a circle: no Gaussian's, and a mixture's only in parts."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * math.pi, n), 2 + 0.2 * rng.normal(size=n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def small(**settings: Any) -> TwoStage:
    return TwoStage(32, **{"epochs": 40, "learning_rate": 3e-3, **settings})


@pytest.fixture(scope="module")
def fitted() -> TwoStage:
    return small().fit(ring(2000, 0))


def linear(weights: dict[str, np.ndarray], gamma: float) -> TwoStage:
    """A second stage whose p(z) is known: f(u) = u @ A (through ReLUs that are never off), q the true posterior."""
    arrays = {"center": np.array([1.0, -2.0]), "deviation": np.array([2.0, 0.5]), **weights}
    return TwoStage.from_state(arrays, {"gamma": gamma, "draws": 16})


def known_weights(a: np.ndarray, gamma: float) -> dict[str, np.ndarray]:
    shift, eye, zero = 1e3, np.eye(2), np.zeros(2)
    covariance = np.linalg.inv(np.eye(2) + a @ a.T / gamma**2)  # of u given x, diagonal where A has orthogonal rows
    to_mean = a.T / gamma**2 @ covariance
    weights = {
        "encoder.0": (eye, zero + shift),
        "encoder.2": (eye, zero),
        "mean": (to_mean.T, -(to_mean.T @ (zero + shift))),
        "scale": (np.zeros((2, 2)), np.arctanh(np.log(np.diag(covariance)) / 2 / LOG_SIGMA_BOUND)),
        "decoder.0": (eye, zero + shift),
        "decoder.2": (eye, zero),
        "decoder.4": (a.T, -(a.T @ (zero + shift))),
    }
    return {
        f"{layer}.{name}": array.astype(np.float32)
        for layer, pair in weights.items()
        for name, array in zip(("weight", "bias"), pair, strict=True)
    }


def test_bound_is_the_density_where_q_is_the_posterior():
    """Then every draw has the same weight, and the bound is exact: a probabilistic PCA, whose p(z) is Gaussian."""
    a, gamma = np.array([[0.8, 0.6], [-0.3, 0.4]]), 0.5
    density = linear(known_weights(a, gamma), gamma)
    covariance: Any = (a.T @ a + gamma**2 * np.eye(2)) * np.outer([2.0, 0.5], [2.0, 0.5])
    true = multivariate_normal([1.0, -2.0], covariance)
    z = true.rvs(200, random_state=0)
    np.testing.assert_allclose(density.log_prob(z), true.logpdf(z), atol=5e-3)
    drawn = density.sample(50_000, seed=1).astype(np.float64)
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -2.0], atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, rtol=0.05, atol=0.01)


def test_bound_rises_with_the_draws_towards_the_density(fitted):
    z = ring(300, 1)
    arrays, about = fitted.state()
    means = [TwoStage.from_state(arrays, {**about, "draws": k}).log_prob(z).mean() for k in (1, 8, 64)]
    assert means[0] < means[1] < means[2]


def test_describes_a_ring_better_than_a_gaussian(fitted):
    held_out = ring(1000, 2)
    assert fitted.log_prob(held_out).mean() > Gaussian().fit(ring(2000, 0)).log_prob(held_out).mean() + 0.3
    radius = np.linalg.norm(fitted.sample(2000, seed=3), axis=1)
    assert (radius < 1).mean() < 0.1  # a Gaussian puts 22 % there


def test_same_seed_same_fit():
    first, second, third = (small(epochs=2).fit(ring(300, 0), seed=seed).state()[0] for seed in (1, 1, 2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
    assert not np.array_equal(first["mean.weight"], third["mean.weight"])


def test_fitting_leaves_torchs_generator_alone():
    before = torch.get_rng_state()
    small(epochs=1).fit(ring(100, 0))
    assert torch.equal(before, torch.get_rng_state())


def test_gamma_is_fixed_or_found():
    assert small(epochs=1, gamma=0.25).fit(ring(100, 0)).gamma_ == 0.25
    density = small().fit(ring(1000, 0))
    x = ((ring(1000, 0) - density.center) / density.deviation).astype(np.float32)
    mean, log_sigma = density._stage.encode(x)
    u = mean + np.exp(log_sigma) * np.random.default_rng(7).standard_normal(x.shape)
    error = math.sqrt(np.square(x - density._stage.decode(u)).mean())
    assert density.gamma_ == pytest.approx(error, rel=0.05)


@pytest.mark.parametrize(("max_steps", "steps"), [(None, 3 * 15), (20, 15), (1, 15), (31, 30)])
def test_steps_are_limited_by_whole_epochs(max_steps, steps):
    density = small(epochs=3, max_steps=max_steps).fit(ring(1000, 0))
    assert density.state()[1]["steps"] == steps


@pytest.mark.parametrize("setting", [{"width": 0}, {"epochs": 0}, {"max_steps": 0}, {"gamma": 0.0}, {"gamma": -1.0}])
def test_settings_out_of_range(setting):
    with pytest.raises(SettingsError, match=next(iter(setting))):
        TwoStage(**setting)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("mean.weight", lambda a: a * np.nan, "NaN"),
        ("decoder.0.weight", lambda a: a[:, :1], "shape"),
        ("scale.bias", lambda a: a.astype(np.float64), "float64"),
        ("deviation", lambda a: -a, "positive"),
        ("center", lambda a: a[None], "missing or of another shape"),
        ("encoder.2.bias", None, "expected the arrays"),
    ],
)
def test_a_file_that_was_tampered_with(fitted, tmp_path, name, change, message):
    path = tmp_path / "density.safetensors"
    save_densities(path, {"two-stage": fitted})
    arrays, about = files.read_tensors(path)
    array = arrays.pop(f"two-stage/{name}")
    files.write_tensors(path, arrays if change is None else {**arrays, f"two-stage/{name}": change(array)}, about)
    with pytest.raises(RunError, match=f"'two-stage'.*{message}"):
        load_densities(path)


@pytest.mark.parametrize("about", [{"gamma": 0.0}, {"gamma": "1"}, {"draws": 0}])
def test_a_state_whose_numbers_were_tampered_with(fitted, about):
    arrays, right = fitted.state()
    with pytest.raises(ValueError, match="positive gamma and number of draws"):
        TwoStage.from_state(arrays, {**right, **about})


def test_codes_pass_through_the_second_stage_in_their_own_units():
    z = ring(200, 1)
    one, other = small(epochs=1).fit(z), small(epochs=1).fit(100 * z + 7)  # the same once standardized
    assert np.allclose(one.encode(z), other.encode(100 * z + 7), atol=1e-3)
    assert np.allclose(100 * one.decode(one.encode(z)) + 7, other.decode(other.encode(100 * z + 7)), atol=0.1)


def test_a_trained_second_stage_brings_codes_back(fitted):
    z = ring(500, 2)
    back = fitted.decode(fitted.encode(z))
    assert np.square(back - z).mean() < 0.1 * z.var()
