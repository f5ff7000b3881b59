import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grae.evaluation import tanimoto
from grae.evaluation.tanimoto import group_sums, nearest

prints = arrays(bool, st.tuples(st.integers(1, 12), st.just(128)), elements=st.booleans())


def packed(bits: np.ndarray) -> np.ndarray:
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def similarities(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    both = (a[:, None] & b[None]).sum(axis=2)
    either = (a[:, None] | b[None]).sum(axis=2)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


@given(prints, prints)
def test_nearest_is_the_highest_similarity(a: np.ndarray, b: np.ndarray):
    np.testing.assert_allclose(nearest(packed(a), packed(b)), similarities(a, b).max(axis=1), atol=1e-15)


@given(prints, st.integers(1, 4))
def test_group_sums_are_sums_over_the_members(a: np.ndarray, groups: int):
    group = np.arange(len(a))[::-1] % groups
    sums, squares = group_sums(packed(a), group, groups)
    found = similarities(a, a)
    members = group[:, None] == np.arange(groups)
    np.testing.assert_allclose(sums, found @ members, atol=1e-12)
    np.testing.assert_allclose(squares, found**2 @ members, atol=1e-12)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tanimoto, "ROWS", 3)
    generator = np.random.default_rng(0)
    a, b = (packed(generator.random((n, 1024)) < 0.05) for n in (20, 30))
    assert np.array_equal(nearest(a, b, n_jobs=2), nearest(a, b))
    for two, one in zip(
        group_sums(a, np.arange(20) % 4, 4, n_jobs=2), group_sums(a, np.arange(20) % 4, 4), strict=True
    ):
        assert np.array_equal(two, one)


def test_none_at_all():
    empty = np.empty((0, 16), np.uint64)
    assert len(nearest(empty, empty)) == 0
    assert nearest(np.ones((2, 16), np.uint64), empty).tolist() == [0.0, 0.0]


def test_no_bits_are_alike():
    zeros = np.zeros((1, 16), np.uint64)
    assert nearest(zeros, zeros).tolist() == [1.0]
    assert nearest(zeros, np.ones((1, 16), np.uint64)).tolist() == [0.0]
