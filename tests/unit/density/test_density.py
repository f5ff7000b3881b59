"""Densities: exact, stable for codes of any rank, and equal to the bit after a round trip through a file."""

import math
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import dblquad, quad
from scipy.stats import kstest, multivariate_normal

from grae import files
from grae.density import (
    DENSITIES,
    Density,
    Gaussian,
    Mixture,
    SplineFlow,
    StandardNormal,
    TwoStage,
    load_densities,
    save_densities,
)
from grae.errors import DataError, RunError


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def correlated(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Codes of one Gaussian with correlations, and scales from a hundredth to a hundred (scipy bears no more)."""
    mixing = rng.normal(size=(dim, dim)) * np.logspace(-2, 2, dim)[:, None]
    return rng.normal(size=(n, dim)) @ mixing.T + rng.normal(size=dim) * 10


def clusters(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    return rng.normal(size=(n, dim)) * [1, 0.5][:dim] + rng.choice([-4.0, 0.0, 4.0], size=(n, 1))


HARD = {
    "one code": np.full((1, 4), 3.0),
    "one code, at zero": np.zeros((1, 4)),
    "the same code many times": np.full((200, 5), 1e3),
    "two codes many times": np.repeat([[0.0, 0.0, 1.0], [1.0, 5.0, 1.0]], 100, axis=0),
    "fewer codes than dimensions": np.random.default_rng(1).normal(size=(7, 30)),
    "a constant dimension": np.random.default_rng(2).normal(size=(300, 4)) * [1, 0, 2, 1],
    "a dimension given twice": np.random.default_rng(3).normal(size=(300, 2))[:, [0, 1, 1]],
    "rank 2 of 20": np.random.default_rng(4).normal(size=(2000, 2)) @ np.random.default_rng(5).normal(size=(2, 20)),
    "scales from 1e-9 to 1e9": np.random.default_rng(6).normal(size=(500, 19)) * np.logspace(-9, 9, 19),
    "far from zero": np.random.default_rng(7).normal(size=(500, 3)) + 1e7,
    "integers": np.random.default_rng(8).integers(0, 3, size=(500, 4)),
    "one dimension": np.random.default_rng(9).normal(size=(50, 1)),
    "an outlier": np.concatenate([np.random.default_rng(10).normal(size=(500, 6)), np.full((1, 6), 1e8)]),
}


class TestGaussian:
    def test_log_prob_is_that_of_the_empirical_gaussian(self, rng):
        z = correlated(rng, 4000, 6)
        covariance: Any = np.cov(z.T, bias=True)
        expected = multivariate_normal(z.mean(axis=0), covariance).logpdf(z[:100])
        np.testing.assert_allclose(Gaussian().fit(z).log_prob(z[:100]), expected, rtol=1e-8)

    def test_integrates_to_one(self, rng):
        density = Gaussian().fit(rng.normal(size=(500, 2)) @ [[1.0, 0.8], [0.0, 0.3]] + 2)
        total = dblquad(lambda y, x: math.exp(density.log_prob(np.array([[x, y]]))[0]), -5, 9, -5, 9, epsabs=1e-5)[0]
        assert total == pytest.approx(1, abs=1e-4)

    def test_samples_have_its_moments(self, rng):
        z = correlated(rng, 4000, 5)
        drawn = Gaussian().fit(z).sample(200_000, seed=1).astype(np.float64)
        deviation = z.std(axis=0)
        np.testing.assert_allclose(drawn.mean(axis=0) / deviation, z.mean(axis=0) / deviation, atol=0.02)
        np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(z.T), atol=0.02)
        np.testing.assert_allclose(drawn.std(axis=0) / deviation, 1, atol=0.02)

    def test_reads_an_array_on_disk_in_parts(self, rng, tmp_path, monkeypatch):
        z = rng.normal(size=(1000, 3)).astype(np.float32)
        np.save(tmp_path / "z.npy", z)
        whole = Gaussian().fit(z)
        monkeypatch.setattr("grae.density.gaussians.CHUNK", 64)
        parts = Gaussian().fit(np.load(tmp_path / "z.npy", mmap_mode="r"))
        np.testing.assert_allclose(parts.factors, whole.factors, rtol=1e-10)


class TestMixture:
    def test_log_prob_is_the_mixture_of_scipys_gaussians(self, rng):
        z = clusters(rng, 3000, 2)
        mixture = Mixture(3).fit(z)
        expected = sum(
            weight
            * multivariate_normal(
                mixture.center + mean * mixture.scale, (factor @ factor.T) * np.outer(mixture.scale, mixture.scale)
            ).pdf(z[:200])
            for weight, mean, factor in zip(mixture.weights, mixture.means, mixture.factors, strict=True)
        )
        np.testing.assert_allclose(mixture.log_prob(z[:200]), np.log(expected), rtol=1e-9)

    def test_integrates_to_one(self, rng):
        mixture = Mixture(3).fit(clusters(rng, 2000, 1) * 1e-3)
        total = quad(lambda x: math.exp(mixture.log_prob(np.array([[x]]))[0]), -0.02, 0.02, limit=400)[0]
        assert total == pytest.approx(1, abs=1e-6)

    def test_finds_clusters_that_one_gaussian_does_not(self, rng):
        z, held_out = clusters(rng, 3000, 2), clusters(rng, 1000, 2)
        mixture, gaussian = Mixture(3).fit(z), Gaussian().fit(z)
        assert mixture.log_prob(held_out).mean() > gaussian.log_prob(held_out).mean() + 0.5
        np.testing.assert_allclose(mixture.weights, 1 / 3, atol=0.05)

    def test_samples_follow_it(self, rng):
        mixture = Mixture(3).fit(clusters(rng, 3000, 1))
        drawn = mixture.sample(5000, seed=3)[:, 0].astype(np.float64)
        grid = np.linspace(-15, 15, 6001)
        cumulative = np.cumsum(np.exp(mixture.log_prob(grid[:, None]))) * (grid[1] - grid[0])
        assert kstest(drawn, lambda x: np.interp(x, grid, cumulative)).pvalue > 0.01

    def test_same_seed_same_fit(self, rng):
        z = clusters(rng, 500, 2)
        first, second = Mixture(4).fit(z, seed=5), Mixture(4).fit(z, seed=5)
        np.testing.assert_array_equal(first.means, second.means)
        np.testing.assert_array_equal(first.sample(10, seed=1), second.sample(10, seed=1))
        assert not np.array_equal(first.sample(10, seed=1), first.sample(10, seed=2))

    def test_takes_fewer_components_where_there_are_too_few_codes_and_says_so(self, rng):
        _, about = Mixture(10).fit(rng.normal(size=(25, 4))).state()
        assert (about["n_components"], about["n_components_asked"]) == (5, 10)
        _, about = Mixture(10).fit(np.repeat(rng.normal(size=(10, 4)), 100, axis=0)).state()
        assert about["n_components"] == 2

    def test_fits_a_part_of_very_many_codes_and_says_so(self, rng):
        z = clusters(rng, 5000, 2)
        mixture = Mixture(3, max_rows=1000).fit(z)
        _, about = mixture.state()
        assert (about["rows"], about["rows_used"]) == (5000, 1000)
        np.testing.assert_allclose(mixture.log_prob(z).mean(), Mixture(3).fit(z).log_prob(z).mean(), atol=0.05)

    def test_tells_whether_it_converged_and_warns_of_nothing(self, rng):
        z = rng.normal(size=(2000, 5)) ** 3
        assert Mixture(5, max_iterations=1).fit(z).state()[1]["converged"] is False
        assert Mixture(2, max_iterations=500).fit(z).state()[1]["converged"] is True

    def test_raises_the_ridge_until_each_covariance_has_a_factor(self, rng, monkeypatch):
        from sklearn.mixture import GaussianMixture

        fit, ridges = GaussianMixture.fit, []

        def fail_twice(self, x):
            ridges.append(self.reg_covar)
            if len(ridges) < 3:
                raise ValueError("some components have ill-defined empirical covariance")
            return fit(self, x)

        monkeypatch.setattr(GaussianMixture, "fit", fail_twice)
        mixture = Mixture(2).fit(clusters(rng, 200, 2))
        assert mixture.state()[1]["ridge"] == ridges[-1] == pytest.approx(1e-4)


class TestStandardNormal:
    def test_is_standard_and_normal(self, rng):
        z = rng.normal(size=(50, 3)) * 3
        density = StandardNormal().fit(z)
        np.testing.assert_allclose(density.log_prob(z), multivariate_normal(np.zeros(3)).logpdf(z))
        assert kstest(density.sample(5000).ravel(), "norm").pvalue > 0.01


KINDS = {
    **DENSITIES,
    "two-stage": partial(TwoStage, 8, epochs=2, learning_rate=1e-2, draws=4),
    "flow": partial(SplineFlow, transforms=2, hidden=8, epochs=2),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
class TestEveryDensity:
    @pytest.mark.parametrize("z", HARD.values(), ids=HARD.keys())
    def test_bears_hard_codes(self, kind: type[Density], z, tmp_path):
        density = kind().fit(z)
        assert np.isfinite(density.log_prob(z)).all()
        drawn = density.sample(100)
        assert drawn.shape == (100, z.shape[1])
        assert drawn.dtype == np.float32
        assert np.isfinite(drawn).all()
        name = next(name for name, known in KINDS.items() if known is kind)
        save_densities(tmp_path / "density.safetensors", {name: density})
        load_densities(tmp_path / "density.safetensors")

    def test_prefers_the_codes_to_others(self, kind, rng):
        z = rng.normal(size=(1000, 4)) * [1, 1, 1, 0]
        density = kind().fit(z)
        assert density.log_prob(z).min() > density.log_prob(z + 50).max()

    def test_samples_as_many_as_asked(self, kind, rng):
        density = kind().fit(rng.normal(size=(100, 3)))
        for n in (0, 1, 7):
            assert density.sample(n).shape == (n, 3)
        assert density.log_prob(np.empty((0, 3))).shape == (0,)

    def test_leaves_the_global_generator_alone(self, kind, rng):
        z = rng.normal(size=(200, 3))
        before = np.random.get_state()[1].tolist()  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]
        kind().fit(z).sample(10)
        assert np.random.get_state()[1].tolist() == before  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_names_the_row_that_is_not_finite(self, kind, rng, bad):
        z = rng.normal(size=(100, 3))
        density = kind().fit(z)
        z[42, 1] = bad
        for call in (kind().fit, density.log_prob):
            with pytest.raises(DataError, match="row 42"):
                call(z)

    @pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,), (2, 3, 4)])
    def test_rejects_what_are_no_codes(self, kind, shape):
        with pytest.raises(DataError, match="shape"):
            kind().fit(np.zeros(shape))

    def test_rejects_codes_of_another_width(self, kind, rng):
        with pytest.raises(DataError, match=r"\(5, 4\).*\(n, 3\)"):
            kind().fit(rng.normal(size=(50, 3))).log_prob(np.zeros((5, 4)))

    def test_says_so_when_it_is_not_fitted(self, kind):
        for call in (lambda d: d.sample(1), lambda d: d.log_prob(np.zeros((1, 2))), lambda d: d.state()):
            with pytest.raises(DataError, match="not fitted"):
                call(kind())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    z=hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(1, 30), st.integers(1, 5)),
        elements=st.floats(-1e6, 1e6, width=32),
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_file_gives_back_equal_densities(z, seed, tmp_path: Path):
    path = tmp_path / "density.safetensors"
    fitted = {name: kind().fit(z, seed) for name, kind in KINDS.items()}
    save_densities(path, fitted)
    loaded = load_densities(path)
    assert loaded.keys() == fitted.keys()
    for name, density in fitted.items():
        arrays, about = density.state()
        arrays_again, about_again = loaded[name].state()
        assert about_again == about
        assert arrays_again.keys() == arrays.keys()
        for key, array in arrays.items():
            assert arrays_again[key].tobytes() == array.tobytes()
        assert loaded[name].log_prob(z).tobytes() == density.log_prob(z).tobytes()
        assert loaded[name].sample(5, seed).tobytes() == density.sample(5, seed).tobytes()


class TestFile:
    @pytest.fixture
    def path(self, tmp_path, rng) -> Path:
        path = tmp_path / "density.safetensors"
        save_densities(path, {"gaussian": Gaussian().fit(rng.normal(size=(50, 3))), "normal": StandardNormal(3)})
        return path

    def change(self, path: Path, name: str, change) -> None:
        arrays, about = files.read_tensors(path)
        arrays[name] = change(arrays[name])
        files.write_tensors(path, arrays, about)

    def test_missing(self, tmp_path):
        with pytest.raises(RunError, match=r"density\.safetensors could not be read.*\n  remedy:"):
            load_densities(tmp_path / "density.safetensors")

    @pytest.mark.parametrize("kept", [0, 4, 100, -1])
    def test_truncated(self, path, kept):
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(RunError, match="truncated or not a safetensors file"):
            load_densities(path)

    def test_foreign(self, path):
        path.write_bytes(b"\x80\x04\x95 a pickle, perhaps")
        with pytest.raises(RunError, match="not a safetensors file"):
            load_densities(path)
        files.write_tensors(path, {"weight": np.ones(3)}, {"format": "pt"})
        with pytest.raises(RunError, match="not a file of densities"):
            load_densities(path)

    @pytest.mark.parametrize(
        ("name", "change", "message"),
        [
            ("means", lambda a: a * np.nan, "NaN"),
            ("factors", lambda a: a[:, :2], "shape"),
            ("means", lambda a: a[0], "components, dimensions"),
            ("weights", lambda a: a.astype(np.float32), "float32"),
            ("weights", lambda a: a * 2, "sum to 1"),
            ("scale", lambda a: -a, "positive"),
            ("factors", lambda a: -a, "positive diagonal"),
            ("factors", lambda a: a + 1, "lower triangular"),
        ],
    )
    def test_tampered_with(self, path, name, change, message):
        self.change(path, f"gaussian/{name}", change)
        with pytest.raises(RunError, match=f"'gaussian'.*{message}"):
            load_densities(path)

    def test_an_array_too_many_or_too_few(self, path):
        arrays, about = files.read_tensors(path)
        files.write_tensors(path, arrays | {"flow/weight": np.ones(2)}, about)
        with pytest.raises(RunError, match="no density: flow/weight"):
            load_densities(path)
        del arrays["gaussian/scale"]
        files.write_tensors(path, arrays, about)
        with pytest.raises(RunError, match="expected the arrays"):
            load_densities(path)

    def test_an_unknown_density(self, path):
        arrays, about = files.read_tensors(path)
        about["densities"]["kernel"] = {}
        files.write_tensors(path, arrays, about)
        with pytest.raises(RunError, match=f"unknown density 'kernel'; known: {', '.join(DENSITIES)}"):
            load_densities(path)

    def test_a_name_that_is_another_density(self, tmp_path):
        with pytest.raises(KeyError, match="StandardNormal"):
            save_densities(tmp_path / "d", {"gmm": StandardNormal(2)})


def test_needs_no_torch():
    program = "import sys, grae.density; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]


def test_a_mixture_of_many_codes_begins_on_a_sample_and_loses_nothing_by_it():
    rng = np.random.default_rng(0)
    centres = 6 * rng.standard_normal((3, 4))
    z = centres[rng.integers(3, size=6000)] + rng.standard_normal((6000, 4))
    held_out, z = z[:1000], z[1000:]
    whole, sampled = Mixture(3).fit(z), Mixture(3, first_rows=500).fit(z)
    assert (whole.about["rows_first"], sampled.about["rows_first"]) == (5000, 500)
    assert sampled.about["rows_used"] == 5000
    assert sampled.log_prob(held_out).mean() == pytest.approx(whole.log_prob(held_out).mean(), abs=0.01)
    assert Mixture(3, first_rows=10).fit(z).about["rows_first"] == 10 * 3 * 5


@pytest.mark.parametrize("name", ["flow", "two-stage"])
def test_few_codes_are_fitted_in_few_steps(name: str):
    density: Any = DENSITIES[name]().fit(np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32), 0)
    assert 1 <= density.about["steps"] <= density.epochs
