"""The mixture whose number of components is chosen."""

import numpy as np
import pytest

from grae.density import AutoMixture, Mixture
from grae.errors import SettingsError


def clusters(n: int, seed: int) -> np.ndarray:
    """Codes of 36 small clusters."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 6, size=(n, 2)) * 4 + 0.2 * rng.normal(size=(n, 2))


def test_takes_as_many_as_there_are_clusters():
    chosen = AutoMixture((4, 12, 36, 100)).fit(clusters(6000, 0))
    assert chosen.about["n_components"] == 36
    measured = chosen.about["held_out_log_likelihood"]
    assert max(measured, key=measured.get) == "36"
    held_out = clusters(2000, 1)
    assert chosen.log_prob(held_out).mean() > Mixture(4).fit(clusters(6000, 0)).log_prob(held_out).mean() + 0.5


def test_takes_the_fewest_for_one_gaussian():
    chosen = AutoMixture((1, 5, 25)).fit(np.random.default_rng(0).normal(size=(3000, 4)))
    assert chosen.about["n_components"] == 1
    assert set(chosen.about["held_out_log_likelihood"]) == {"1", "5"}


@pytest.mark.parametrize("components", [(), (0, 1), (10, 10), (20, 10)])
def test_numbers_that_do_not_rise(components):
    with pytest.raises(SettingsError, match="not positive and increasing"):
        AutoMixture(components)
