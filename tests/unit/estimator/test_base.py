"""What every autoencoder is to scikit-learn."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from grae.density import Gaussian, StandardNormal
from grae.errors import DataError, SettingsError
from grae.estimator import base as module
from grae.estimator.base import LatentEstimator
from grae.images import ImageAutoencoder
from grae.sequence import GrammarAutoencoder


class Doubled(LatentEstimator):
    """The code of a row is twice that row."""

    def __init__(self, random_state: int = 0, device: str = "cpu") -> None:
        self.random_state = random_state
        self.device = device  # pyright: ignore[reportAttributeAccessIssue]

    def fit(self, X: np.ndarray, y: object = None) -> "Doubled":
        self.settings_ = SimpleNamespace(density="gaussian")
        self.network_ = SimpleNamespace(bottleneck=SimpleNamespace(latent_dim=X.shape[1]))  # pyright: ignore[reportAttributeAccessIssue]
        self.densities_ = {"gaussian": Gaussian().fit(2 * X, 0), "normal": StandardNormal().fit(2 * X, 0)}
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return 2 * X


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)


def test_scores_are_those_of_the_models_own_density(rows):
    fitted = Doubled().fit(rows)
    assert np.array_equal(fitted.score_samples(rows), fitted.densities_["gaussian"].log_prob(2 * rows))
    assert list(fitted.get_feature_names_out()) == ["doubled0", "doubled1", "doubled2"]


def test_a_density_is_named_or_the_models_own(rows):
    fitted = Doubled().fit(rows)
    assert fitted.density_named(None) is fitted.densities_["gaussian"]
    assert fitted.density_named("normal") is fitted.densities_["normal"]
    with pytest.raises(SettingsError, match=r"no density 'gmm' is fitted; there are: gaussian, normal") as refused:
        fitted.density_named("gmm")
    assert "fit it with fit_density('gmm', X)" in str(refused.value)
    with pytest.raises(SettingsError, match="no density 'gm'") as refused:
        fitted.density_named("gm")
    assert "train with" not in str(refused.value)


def test_nothing_works_before_fit(rows):
    with pytest.raises(NotFittedError):
        Doubled().score_samples(rows)


def test_codes_are_rows_of_finite_numbers(rows):
    fitted = Doubled().fit(rows)
    codes = fitted._codes(rows.astype(np.float64))
    assert codes.dtype == np.float32
    assert np.array_equal(codes, rows)
    assert fitted._codes(np.zeros((0, 3), int)).shape == (0, 3)
    for wrong in (rows[0], rows[:, :2], rows.astype(str)):
        with pytest.raises(DataError, match="codes have shape"):
            fitted._codes(wrong)
    with pytest.raises(DataError, match="the code in row 1 contains NaN"):
        fitted._codes(np.array([[0.0] * 3, [0.0, np.inf, 0.0]]))


def test_densities_are_fitted_to_so_many_codes_and_no_more(rows, monkeypatch):
    monkeypatch.setattr(module, "MOST_CODES", 10)
    some = Doubled(random_state=1)._rows_to_fit(np.arange(5, 50))
    assert len(np.unique(some)) == 10
    assert np.array_equal(some, np.sort(some))
    assert some.min() >= 5
    assert np.array_equal(some, Doubled(random_state=1)._rows_to_fit(np.arange(5, 50)))
    assert not np.array_equal(some, Doubled(random_state=2)._rows_to_fit(np.arange(5, 50)))
    assert np.array_equal(Doubled()._rows_to_fit(np.arange(10)), np.arange(10))


@pytest.mark.parametrize("kind", [GrammarAutoencoder, ImageAutoencoder])
def test_no_requests_of_metadata_are_generated(kind: type):
    assert not [name for name in dir(kind) if name.endswith("_request") and name.startswith("set_")]
