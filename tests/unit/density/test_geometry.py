"""Geometry-aware sampling: the volume element and its gradient, its integral, chains, and its file."""

import math
from pathlib import Path

import numpy as np
import pytest

from grae import files
from grae.density import Geometry, load_densities, save_densities
from grae.density.geometry import TEMPERATURE, clusters
from grae.errors import RunError, SettingsError


def ring(n: int, seed: int) -> np.ndarray:
    """Codes around an ellipse far from the origin."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * math.pi, n), 2 + 0.2 * rng.normal(size=n)
    return np.stack([100 + radius * np.cos(angle), 0.01 * radius * np.sin(angle)], axis=1)


@pytest.fixture(scope="module")
def fitted() -> Geometry:
    return Geometry(centers=8).fit(ring(2000, 0))


def test_the_volume_element_is_the_root_of_the_metrics_determinant():
    rng = np.random.default_rng(0)
    density = Geometry(centers=3, regularization=0.1, decay=0.2).fit(rng.normal(size=(200, 4)))
    clipped = 0
    for x in 1.5 * rng.normal(size=(20, 4)):
        metric = 0.1 * math.exp(-0.2 * x @ x) * np.eye(4)
        for center, variance in zip(density._centers, density._variances, strict=True):
            inverse = np.diag(1 / variance)
            metric += inverse * math.exp(-(x - center) @ inverse @ (x - center) / density._rho2)
        expected = 0.5 * np.linalg.slogdet(metric)[1]
        clipped += expected > density._log_ceiling
        for function, value in (
            (density._volume, expected),
            (density._log_density, min(expected, density._log_ceiling) / TEMPERATURE),
        ):
            found, gradient = function(x[None])
            assert found[0] == pytest.approx(value)
            for place in range(4):
                step = 1e-6 * np.eye(4)[place]
                difference = function((x + step)[None])[0] - function((x - step)[None])[0]
                assert gradient[0, place] == pytest.approx(difference[0] / 2e-6, abs=1e-6)
    assert 0 < clipped < 20


def grid(density: Geometry, center: float, *halves: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of a rectangle around (center, 0) and the probability of the cell of each."""
    axes = [np.linspace(-half, half, 300) for half in halves]
    x, y = np.meshgrid(center + axes[0], axes[1], indexing="ij")
    cell = (x[1, 0] - x[0, 0]) * (y[0, 1] - y[0, 0])
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    return points, np.exp(density.log_prob(points)) * cell


def test_integrates_to_one(fitted: Geometry):
    _, probabilities = grid(fitted, 100, 5, 0.05)
    assert probabilities.sum() == pytest.approx(1, abs=0.05)
    assert fitted.about["effective_draws"] > 1000


def test_chains_leave_the_density_invariant():
    rng = np.random.default_rng(3)
    density = Geometry(centers=5).fit(rng.normal(size=(1000, 2)))
    points, probabilities = grid(density, 0, 6, 6)
    assert probabilities.sum() == pytest.approx(1, abs=0.05)
    exact = points[rng.choice(len(points), 4000, p=probabilities / probabilities.sum())]
    starts = density._whiten(exact)
    ends = density._chains(starts, rng)
    moved = np.sqrt(np.square(ends - starts).mean())
    assert moved > 0.2  # a random walk of 100 trajectories of length 0.05 gives 0.5 where the density is flat
    for place in range(2):
        for q in (0.1, 0.25, 0.5, 0.75, 0.9):
            below = (ends[:, place] < np.quantile(starts[:, place], q)).mean()
            assert below == pytest.approx(q, abs=0.035)


def test_samples_start_at_training_codes_and_stay_near(fitted: Geometry):
    codes = ring(2000, 0)
    z = fitted.sample(500, seed=2).astype(np.float64)
    scale = codes.std(axis=0)
    nearest = np.sqrt(np.square((z[:, None] - codes) / scale).sum(axis=2).min(axis=1))
    assert nearest.max() < 2
    radius = np.hypot(z[:, 0] - 100, 100 * z[:, 1])
    assert abs(radius.mean() - 2) < 0.2
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
        ("starts", lambda array: array[:0], "starts has shape"),
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
