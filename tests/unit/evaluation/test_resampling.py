import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.evaluation.resampling import (
    FEWEST,
    Subsamples,
    interval_of_mean,
    interval_of_share,
    interval_of_subsamples,
    subsamples_of,
)


@given(st.integers(FEWEST, 700), st.integers(0, 5))
def test_halves_are_halves_of_groups_of_one_size(n: int, seed: int):
    halves = subsamples_of(n, seed)
    assert halves is not None
    sizes = np.bincount(halves.group)
    assert len(halves.group) == n
    assert sizes.max() - sizes.min() <= 1
    assert (halves.chosen.sum(axis=1) * 2 == halves.chosen.shape[1]).all()
    assert np.array_equal(halves.sizes, [np.isin(halves.group, np.flatnonzero(half)).sum() for half in halves.chosen])


def test_same_seed_same_halves_and_too_few_have_none():
    one, same, other = (subsamples_of(100, seed) for seed in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert other is not None
    assert np.array_equal(one.chosen, same.chosen)
    assert np.array_equal(one.group, same.group)
    assert not np.array_equal(one.group, other.group)
    assert subsamples_of(FEWEST - 1, 0) is None


def test_a_share_has_wilson_s_interval():
    assert interval_of_share(100, 100) == pytest.approx((0.9630, 1.0), abs=5e-5)
    assert interval_of_share(0, 100) == pytest.approx((0.0, 0.0370), abs=5e-5)
    assert interval_of_share(7, 7) == pytest.approx((0.6457, 1.0), abs=5e-5)
    assert interval_of_share(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I, method 3
    assert interval_of_share(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert interval_of_share(0, 0) is None


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_share_lies_in_its_interval_which_is_no_point(of: int, share: float):
    count = round(share * of)
    low, high = interval_of_share(count, of) or (1, 0)
    assert 0 <= low <= count / of <= high <= 1
    assert low < high


@pytest.mark.parametrize("kinds", [50, 1_000, 100_000])
@pytest.mark.parametrize("power", [0.0, 1.0])
def test_the_share_of_distinct_strings_lies_in_wilson_s_interval_as_often_as_it_says(kinds: int, power: float):
    """Strings of `kinds` kinds, equally likely or by Zipf's law: duplicates may be rare or frequent."""
    generator = np.random.default_rng(0)
    weights = np.arange(1, kinds + 1.0) ** -power
    numbers = generator.choice(kinds, (400, 300), p=weights / weights.sum())
    distinct = np.array([len(np.unique(row)) for row in numbers])
    expected = float(np.sum(1 - (1 - weights / weights.sum()) ** 300)) / 300
    intervals = [interval_of_share(count, 300) or (1, 0) for count in distinct]
    covered = np.mean([low <= expected <= high for low, high in intervals])
    assert covered > 0.89  # of a share near 1, so little of a binomial number too


def mean_of_halves(values: np.ndarray):
    def again(halves: Subsamples) -> np.ndarray:
        return np.array([values[half[halves.group]].mean() for half in halves.chosen])

    return again


def test_both_ways_agree_on_a_mean():
    """Of a mean the standard error is known: both intervals have its width, whatever the values' distribution."""
    values = np.random.default_rng(0).exponential(2.0, 3000)
    width = 2 * 1.96 * values.std() / np.sqrt(len(values))
    low, high = interval_of_mean(values, 0) or (0, 0)
    assert high - low == pytest.approx(width, rel=0.1)
    assert low < values.mean() < high
    low, high = interval_of_subsamples(values.mean(), subsamples_of(3000, 0), mean_of_halves(values)) or (0, 0)
    assert high - low == pytest.approx(width, rel=0.2)
    assert low < values.mean() < high


def test_halves_cover_the_truth_about_as_often_as_they_say():
    generator = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        values = generator.normal(5.0, 1.0, 120)
        low, high = interval_of_subsamples(values.mean(), subsamples_of(120, seed), mean_of_halves(values)) or (0, 0)
        covered += low <= 5.0 <= high
    assert 176 <= covered <= 199  # 190 expected


def test_share_of_distinct_strings_is_not_biased_by_strings_drawn_twice():
    """All different: each half says so too, where a bootstrap would find a third of them twice."""
    numbers = np.arange(1000)

    def again(halves: Subsamples) -> np.ndarray:
        return np.array([len(np.unique(numbers[half[halves.group]])) for half in halves.chosen]) / halves.sizes

    assert interval_of_subsamples(1.0, subsamples_of(1000, 0), again, most=1) == (1.0, 1.0)


def test_nothing_to_resample():
    assert interval_of_subsamples(1.0, None, mean_of_halves(np.ones(3))) is None
    assert interval_of_mean(np.empty(0), 0) is None
    assert interval_of_subsamples(1.0, subsamples_of(50, 0), lambda halves: np.full(len(halves.chosen), np.nan)) is None


def test_bounds():
    def wide(halves: Subsamples) -> np.ndarray:
        return np.linspace(-5, 5, len(halves.chosen))

    assert interval_of_subsamples(0.5, subsamples_of(50, 0), wide, most=1) == (0.0, 1.0)
