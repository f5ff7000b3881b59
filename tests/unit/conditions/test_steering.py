"""Sampling under a condition, on a plane whose codes are written as strings."""

import numpy as np
import pytest

from grae.conditions.steering import ConditionUnmetError, SteeredSamples, steered


class Right:
    """Strings "x,y" of which x is at least a number."""

    def __init__(self, least: float) -> None:
        self.least = least

    def measure(self, strings):
        return {"x": np.array([float(text.partition(",")[0]) for text in strings])}

    def holds(self, numbers):
        return numbers["x"] >= self.least

    def violation(self, numbers):
        return np.maximum(self.least - numbers["x"], 0)

    def shares(self, numbers):
        return {f"x >= {self.least:g}": float(self.holds(numbers).mean())}


def draw(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 2)).astype(np.float32)


def decode(codes: np.ndarray, seed: int) -> list[str]:
    return [f"{x:.3f},{y:.3f}" for x, y in codes]


def encode(texts):
    codes = [[float(part) for part in text.split(",")] for text in texts]
    return np.array([code if code[1] < 1 else [np.nan, np.nan] for code in codes])


def identities(texts):
    return [None if text.endswith("7") else text for text in texts]


def sampled(least: float, n: int = 200, **options) -> SteeredSamples:
    return steered(n, Right(least), draw=draw, decode=decode, encode=encode, identities=identities, **options)


def test_steering_finds_more_with_as_many_decodings():
    plain, led = sampled(2.5, 10**6, attempts=4000, fresh=1.0), sampled(2.5, 10**6, attempts=4000)
    assert plain.decodings == led.decodings == 4000
    assert plain.fulfilling / plain.distinct == pytest.approx(0.0062, abs=0.004)
    assert led.fulfilling > 20 * plain.fulfilling
    assert led.density_share == pytest.approx(0.0062, abs=0.006)


def test_samples_are_distinct_valid_and_fulfil_it():
    found = sampled(1.5)
    assert found.texts == list(dict.fromkeys(found.texts))
    assert len(found.texts) == 200
    assert all(float(text.partition(",")[0]) >= 1.5 and not text.endswith("7") for text in found.texts)
    assert np.std([float(text.partition(",")[2]) for text in found.texts]) > 0.5  # not all around the first
    assert found.complete("x >= 1.5") == found.texts
    assert sampled(1.5) == found
    assert sampled(1.5, seed=1) != found


def test_a_region_that_the_density_never_reaches_is_reached_step_by_step():
    assert sampled(6.0, attempts=20_000).fulfilling >= 200


def test_what_cannot_be_met_is_said_with_what_was_found():
    found = sampled(3.0, attempts=500)
    assert found.decodings == 500
    with pytest.raises(ConditionUnmetError) as raised:
        found.complete("x >= 3")
    assert raised.value.samples is found
    assert "of 200 strings were found that fulfil 'x >= 3'" in str(raised.value)
    assert "fulfil x >= 3" in str(raised.value)
    nothing = steered(
        5, Right(0), draw=draw, decode=decode, encode=encode, identities=lambda texts: [None] * len(texts), attempts=700
    )
    assert (nothing.texts, nothing.distinct, nothing.density_share, nothing.decodings) == ([], 0, None, 700)
