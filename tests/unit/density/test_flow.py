"""The flow: the Gaussian before training, better than it after, a density that integrates to one, and its file."""

import math

import numpy as np
import pytest

from grae import files
from grae.density import Gaussian, SplineFlow, load_densities, save_densities
from grae.errors import RunError, SettingsError


def ring(n: int, seed: int) -> np.ndarray:
    """Codes around an ellipse far from the origin."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * math.pi, n), 2 + 0.2 * rng.normal(size=n)
    return np.stack([100 + radius * np.cos(angle), 0.01 * radius * np.sin(angle)], axis=1)


@pytest.fixture(scope="module")
def fitted() -> SplineFlow:
    return SplineFlow(transforms=4, hidden=64, epochs=40, batch_size=128, learning_rate=3e-3).fit(ring(3000, 0))


def test_starts_as_the_gaussian():
    z = np.random.default_rng(0).normal(size=(500, 3)) @ np.random.default_rng(1).normal(size=(3, 3)) + 5
    untrained = SplineFlow(epochs=1, learning_rate=1e-12).fit(z)
    np.testing.assert_allclose(untrained.log_prob(z), Gaussian().fit(z).log_prob(z), atol=1e-4)


def test_finds_codes_likelier_than_the_gaussian_does(fitted):
    held_out = ring(1000, 1)
    assert fitted.log_prob(held_out).mean() > Gaussian().fit(ring(3000, 0)).log_prob(held_out).mean() + 0.7


def test_integrates_to_one(fitted):
    x, y = np.meshgrid(np.linspace(95, 105, 500), np.linspace(-0.05, 0.05, 500), indexing="ij")
    cell = (x[1, 0] - x[0, 0]) * (y[0, 1] - y[0, 0])
    total = np.exp(fitted.log_prob(np.stack([x.ravel(), y.ravel()], axis=1))).sum() * cell
    assert total == pytest.approx(1, abs=0.01)


def test_samples_follow_it(fitted):
    z = fitted.sample(4000, seed=2).astype(np.float64)
    radius = np.hypot(z[:, 0] - 100, 100 * z[:, 1])
    assert abs(radius.mean() - 2) < 0.1
    assert (radius < 1).mean() < 0.05  # where a Gaussian has many
    held_out = ring(4000, 1)
    assert fitted.log_prob(z).mean() == pytest.approx(fitted.log_prob(held_out).mean(), abs=0.3)


def test_a_file_gives_it_back(fitted, tmp_path):
    save_densities(tmp_path / "d", {"flow": fitted})
    back = load_densities(tmp_path / "d")["flow"]
    np.testing.assert_array_equal(back.sample(50, 3), fitted.sample(50, 3))
    z = ring(20, 5)
    np.testing.assert_array_equal(back.log_prob(z), fitted.log_prob(z))


@pytest.mark.parametrize("damage", ["missing", "shape", "nan", "sizes"])
def test_a_damaged_file_is_an_error(fitted, tmp_path, damage):
    save_densities(tmp_path / "d", {"flow": fitted})
    arrays, about = files.read_tensors(tmp_path / "d")
    name = next(name for name in arrays if name.endswith("weight"))
    if damage == "missing":
        del arrays[name]
    elif damage == "shape":
        arrays[name] = arrays[name][:, :-1].copy()
    elif damage == "nan":
        arrays[name] = np.full_like(arrays[name], np.nan)
    else:
        about["densities"]["flow"]["sizes"] = {"transforms": "many", "hidden": 8, "bins": 8}
    files.write_tensors(tmp_path / "d", arrays, about)
    with pytest.raises(RunError, match="density 'flow'"):
        load_densities(tmp_path / "d")


@pytest.mark.parametrize("setting", ["transforms", "hidden", "bins", "max_steps", "epochs", "batch_size"])
def test_settings_out_of_range(setting):
    with pytest.raises(SettingsError, match=setting):
        SplineFlow(**{setting: 0})
