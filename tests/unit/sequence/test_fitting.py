"""The steps of a fit: the time of a budget that is left for the densities."""

from typing import Any

import pytest

from grae.sequence import GrammarAutoencoder, fitting
from grae.training import plan

STRINGS = ["1+x", "x*x", "sin(x)", "1/x", "x+2", "exp(x)*3", "x/3", "2+x*x"] * 4


@pytest.fixture
def reserved(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that fits reserve."""
    seconds: list[float] = []
    original = fitting._time_to_reserve

    def kept(*args: Any, **options: Any) -> float:
        seconds.append(original(*args, **options))
        return seconds[-1]

    monkeypatch.setattr(fitting, "_time_to_reserve", kept)
    return seconds


def fit(**settings: Any) -> None:
    GrammarAutoencoder("arithmetic", preset="quick", latent_dim=4, motifs=0, device="cpu", **settings).fit(STRINGS)


def test_time_is_reserved_for_encoding_and_not_for_the_decoder(reserved: list[float], monkeypatch: pytest.MonkeyPatch):
    """A step of the published network takes a minute under load, of which its encoder has less than a hundredth."""
    monkeypatch.setattr(plan, "seconds_per_step", lambda *_: 1_000.0)
    fit(time_budget=0.02)
    assert 0 < reserved[0] < 60


def test_a_fit_by_epochs_reserves_nothing(reserved: list[float]):
    fit(epochs=1)
    assert reserved == [0.0]
