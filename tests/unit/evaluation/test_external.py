"""Multisets of keys on disk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import wasserstein_distance

from grae.evaluation import external
from grae.evaluation.external import Keys, edges_of, hashes_of, keys_of, values_of, wasserstein

FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.fixture(params=[5, 1 << 18], ids=["on disk", "in memory"])
def in_memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(external, "IN_MEMORY", request.param)
    return request.param


def test_distinct_strings_are_counted(in_memory: int):
    texts = [f"string {number % 700}" for number in range(2000)]
    with Keys() as keys, Keys() as others:
        for first in range(0, 2000, 30):
            keys.add(hashes_of(texts[first : first + 30]))
        others.add(hashes_of([*texts[:100], "another"]))
        assert keys.count_distinct() == 700
        assert sum(bucket.counts.sum() for bucket in keys.buckets()) == 2000
        assert {count for bucket in keys.buckets() for count in bucket.counts.tolist()} == {2, 3}
        assert sum(map(len, keys.common(others))) == 100
        everything = np.concatenate([bucket.keys for bucket in keys.buckets()])
        assert (np.diff(everything.astype(object)) > 0).all()
    with Keys() as nothing:
        assert nothing.count_distinct() == 0


def test_files_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(external, "IN_MEMORY", 5)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Keys() as keys:
        keys.add(hashes_of(map(str, range(50))))
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


@given(arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_keys_keep_the_order_of_numbers(values: np.ndarray):
    keys = keys_of(values)
    np.testing.assert_array_equal(values_of(keys), values)
    np.testing.assert_array_equal(values[np.argsort(keys, kind="stable")], np.sort(values))


@given(arrays(np.float64, st.integers(1, 60), elements=FLOATS), arrays(np.float64, st.integers(1, 60), elements=FLOATS))
def test_the_distance_of_distributions_is_scipys(samples: np.ndarray, reference: np.ndarray):
    with Keys(edges_of(reference)) as keys:
        for part in np.array_split(samples, 3):
            keys.add(keys_of(part))
        expected = wasserstein_distance(samples, reference)
        np.testing.assert_allclose(wasserstein(keys, reference), expected, rtol=1e-9, atol=1e-9)


def test_the_distance_of_distributions_on_disk(in_memory: int):
    generator = np.random.default_rng(0)
    samples, reference = generator.normal(size=3000), generator.normal(0.3, 2, size=1000)
    with Keys(edges_of(reference)) as keys:
        for part in np.array_split(samples, 10):
            keys.add(keys_of(part))
        assert wasserstein(keys, reference) == pytest.approx(wasserstein_distance(samples, reference), rel=1e-12)
