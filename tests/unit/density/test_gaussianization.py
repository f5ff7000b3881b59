"""Gaussianization: splines that are inverted exactly, a density that integrates to one, and its file."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae import files
from grae.density import Gaussian, Gaussianization, load_densities, save_densities
from grae.density.gaussianization import directions, marginal_splines
from grae.errors import RunError, SettingsError


def ring(n: int, seed: int) -> np.ndarray:
    """Codes around an ellipse far from the origin."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * math.pi, n), 2 + 0.2 * rng.normal(size=n)
    return np.stack([100 + radius * np.cos(angle), 0.01 * radius * np.sin(angle)], axis=1)


@pytest.fixture(scope="module")
def fitted() -> Gaussianization:
    return Gaussianization().fit(ring(3000, 0))


@given(st.integers(0, 2**32 - 1), st.integers(4, 20), st.floats(0.1, 1), st.sampled_from(["normal", "few", "skewed"]))
def test_splines_are_inverted_and_their_derivatives_are_right(seed: int, knots: int, step: float, kind: str):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 3))
    x = {"normal": x, "few": np.round(x), "skewed": np.exp(2 * x)}[kind]
    splines = marginal_splines(x, knots, step)
    at = rng.normal(size=(40, 3)) * 5
    y, slopes = splines.forward(at)
    np.testing.assert_allclose(splines.inverse(y), at, rtol=1e-7, atol=1e-7)
    near = 1e-6
    above, below = splines.forward(at + near)[0], splines.forward(at - near)[0]
    np.testing.assert_allclose((above - below) / (2 * near), np.exp(slopes), rtol=2e-3)


def test_directions_are_orthogonal_and_less_gaussian_than_chance():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 5))
    x[:, 0] = rng.choice([-1.0, 1.0], 2000)
    found = directions(x, rng)
    np.testing.assert_allclose(found @ found.T, np.eye(5), atol=1e-10)
    assert np.abs(found[0]).max() > 0.98  # the axis of the two values


def test_integrates_to_one(fitted: Gaussianization):
    x, y = np.meshgrid(np.linspace(95, 105, 400), np.linspace(-0.05, 0.05, 400), indexing="ij")
    cell = (x[1, 0] - x[0, 0]) * (y[0, 1] - y[0, 0])
    total = np.exp(fitted.log_prob(np.stack([x.ravel(), y.ravel()], axis=1))).sum() * cell
    assert total == pytest.approx(1, abs=0.005)


def test_finds_codes_likelier_than_the_gaussian_does(fitted: Gaussianization):
    held_out = ring(1000, 1)
    gain = fitted.log_prob(held_out).mean() - Gaussian().fit(ring(3000, 0)).log_prob(held_out).mean()
    assert gain > 0.9
    assert fitted.about["held_out_gain"] == pytest.approx(gain, abs=0.3)


def test_samples_follow_it(fitted: Gaussianization):
    z = fitted.sample(4000, seed=2).astype(np.float64)
    assert (np.hypot(z[:, 0] - 100, 100 * z[:, 1]) < 1).mean() < 0.05  # where a Gaussian has many
    assert fitted.log_prob(z).mean() == pytest.approx(fitted.log_prob(ring(4000, 1)).mean(), abs=0.2)


def test_of_gaussian_codes_it_is_nearly_the_gaussian():
    rng = np.random.default_rng(0)
    z, held_out = rng.normal(size=(2000, 6)), rng.normal(size=(2000, 6))
    found, gaussian = Gaussianization().fit(z), Gaussian().fit(z)
    assert found.log_prob(held_out).mean() > gaussian.log_prob(held_out).mean() - 0.05
    few = rng.normal(size=(20, 3))
    np.testing.assert_allclose(Gaussianization().fit(few).log_prob(few), Gaussian().fit(few).log_prob(few))


def test_a_file_gives_it_back(fitted: Gaussianization, tmp_path: Path):
    save_densities(tmp_path / "d", {"gaussianization": fitted})
    back = load_densities(tmp_path / "d")["gaussianization"]
    np.testing.assert_array_equal(back.sample(50, 3), fitted.sample(50, 3))
    np.testing.assert_array_equal(back.log_prob(ring(20, 5)), fitted.log_prob(ring(20, 5)))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("rotations", lambda array: 2 * array, "not orthogonal"),
        ("x", lambda array: -array, "must increase"),
        ("y", lambda array: array[:, :, :-1], "y has shape"),
        ("slopes", lambda array: array * np.nan, "not finite"),
        ("slopes", lambda array: -array, "must increase"),
    ],
)
def test_tampered_files_are_refused(fitted: Gaussianization, tmp_path: Path, name, change, message: str):
    save_densities(tmp_path / "d", {"gaussianization": fitted})
    arrays, about = files.read_tensors(tmp_path / "d")
    arrays[f"gaussianization/{name}"] = change(arrays[f"gaussianization/{name}"])
    files.write_tensors(tmp_path / "d", arrays, about)
    with pytest.raises(RunError, match=message):
        load_densities(tmp_path / "d")


@pytest.mark.parametrize("wrong", [{"layers": 0}, {"knots": 3}, {"step": 0.0}, {"step": 1.5}])
def test_settings_out_of_range(wrong):
    with pytest.raises(SettingsError, match="gaussianization"):
        Gaussianization(**wrong)
