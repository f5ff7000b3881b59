"""Geometry-aware sampling: the volume element and its gradient, its integral, chains, and its file."""

import math
from pathlib import Path

import numpy as np
import pytest

from grae import files
from grae.density import Geometry, load_densities, save_densities
from grae.density.geometry import clusters
from grae.errors import RunError, SettingsError


def ring(n: int, seed: int) -> np.ndarray:
    """Codes around an ellipse far from the origin."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * math.pi, n), 2 + 0.2 * rng.normal(size=n)
    return np.stack([100 + radius * np.cos(angle), 0.01 * radius * np.sin(angle)], axis=1)


@pytest.fixture(scope="module")
def fitted() -> Geometry:
    return Geometry().fit(ring(2000, 0))


def test_the_volume_element_is_the_root_of_the_metrics_determinant():
    rng = np.random.default_rng(0)
    density = Geometry(centers=3, regularization=0.1, decay=0.2).fit(rng.normal(size=(200, 4)))
    for x in rng.normal(size=(5, 4)):
        metric = 0.1 * math.exp(-0.2 * x @ x) * np.eye(4)
        for center, variance in zip(density._centers, density._variances, strict=True):
            inverse = np.diag(1 / variance)
            metric += inverse * math.exp(-(x - center) @ inverse @ (x - center) / density._rho2)
        expected = 0.5 * np.linalg.slogdet(metric)[1]
        volume, gradient = density._volume(x[None])
        assert volume[0] == pytest.approx(expected)
        for place in range(4):
            step = 1e-6 * np.eye(4)[place]
            difference = density._volume((x + step)[None])[0] - density._volume((x - step)[None])[0]
            assert gradient[0, place] == pytest.approx(difference[0] / 2e-6, abs=1e-6)


def test_integrates_to_one(fitted: Geometry):
    x, y = np.meshgrid(np.linspace(95, 105, 300), np.linspace(-0.05, 0.05, 300), indexing="ij")
    cell = (x[1, 0] - x[0, 0]) * (y[0, 1] - y[0, 0])
    log_prob = fitted.log_prob(np.stack([x.ravel(), y.ravel()], axis=1))
    assert np.exp(log_prob).sum() * cell == pytest.approx(1, abs=0.05)
    assert fitted.about["effective_draws"] > 1000
    sampled = fitted.log_prob(fitted.sample(1000, seed=1)).mean()
    assert sampled == pytest.approx((np.exp(log_prob) * log_prob).sum() * cell, abs=0.2)


def test_samples_stay_near_the_codes(fitted: Geometry):
    z = fitted.sample(500, seed=2).astype(np.float64)
    radius = np.hypot(z[:, 0] - 100, 100 * z[:, 1])
    assert abs(radius.mean() - 2) < 0.15
    assert (radius < 1).mean() < 0.01
    angle = np.arctan2(100 * z[:, 1], z[:, 0] - 100)
    assert np.histogram(angle, 8, (-math.pi, math.pi))[0].min() > 20  # all around


def test_clusters_are_the_means_of_their_codes():
    rng = np.random.default_rng(0)
    centers = 50 * rng.normal(size=(4, 3))
    x = centers[rng.integers(4, size=2000)] + rng.normal(size=(2000, 3)) * [0.5, 1, 2]
    found, variances = clusters(x, 12, rng)
    assert found.shape == variances.shape == (12, 3)
    assert (variances[:, 0] < variances[:, 2]).all()
    nearest = np.square(x[:, None] - found).sum(axis=2).argmin(axis=1)
    for place in range(12):
        if (nearest == place).any():
            np.testing.assert_allclose(found[place], x[nearest == place].mean(axis=0), atol=0.2)


def test_a_file_gives_it_back(fitted: Geometry, tmp_path: Path):
    save_densities(tmp_path / "d", {"geometry": fitted})
    back = load_densities(tmp_path / "d")["geometry"]
    np.testing.assert_array_equal(back.sample(20, 3), fitted.sample(20, 3))
    np.testing.assert_array_equal(back.log_prob(ring(20, 5)), fitted.log_prob(ring(20, 5)))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("centers", lambda array: array[:, :1], "centers has shape"),
        ("centers", lambda array: array[:-1], "as many as centers"),
        ("variances", lambda array: -array, "must be positive"),
        ("variances", lambda array: array * np.nan, "NaN"),
    ],
)
def test_tampered_files_are_refused(fitted: Geometry, tmp_path: Path, name, change, message: str):
    save_densities(tmp_path / "d", {"geometry": fitted})
    arrays, about = files.read_tensors(tmp_path / "d")
    arrays[f"geometry/{name}"] = change(arrays[f"geometry/{name}"])
    files.write_tensors(tmp_path / "d", arrays, about)
    with pytest.raises(RunError, match=message):
        load_densities(tmp_path / "d")


def test_a_tampered_metric_is_refused(fitted: Geometry, tmp_path: Path):
    save_densities(tmp_path / "d", {"geometry": fitted})
    arrays, about = files.read_tensors(tmp_path / "d")
    about["densities"]["geometry"]["metric"]["rho2"] = "1"
    files.write_tensors(tmp_path / "d", arrays, about)
    with pytest.raises(RunError, match="finite numbers"):
        load_densities(tmp_path / "d")


@pytest.mark.parametrize("wrong", [{"centers": 0}, {"regularization": 0.0}, {"decay": -1.0}])
def test_settings_out_of_range(wrong):
    with pytest.raises(SettingsError, match="geometry"):
        Geometry(**wrong)
