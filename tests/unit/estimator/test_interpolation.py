"""Interpolation along the arc and along the line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grae.estimator.interpolation import rescaled_line, slerp

codes = st.integers(0, 10_000).map(lambda seed: np.random.default_rng(seed).standard_normal((2, 5, 4)))


@given(codes)
def test_the_ends_are_the_codes(pair):
    first, second = pair
    assert np.allclose(slerp(first, second, 0), first, atol=1e-6)
    assert np.allclose(slerp(first, second, 1), second, atol=1e-6)


@given(codes, st.floats(0, 1))
def test_codes_of_one_length_keep_it_and_halve_the_angle(pair, t):
    first, second = (3 * some / np.linalg.norm(some, axis=1, keepdims=True) for some in pair)
    assert np.allclose(np.linalg.norm(slerp(first, second, t), axis=1), 3, atol=1e-5)
    middle = slerp(first, second, 0.5)
    assert np.allclose((middle * first).sum(axis=1), (middle * second).sum(axis=1), atol=1e-5)


def test_without_an_arc_the_line_is_taken():
    first = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
    second = np.array([[1.0, 0.0], [-1.0, 0.0], [4.0, 0.0], [4.0, 0.0]])
    assert np.allclose(slerp(first, second, 0.5), [[1, 0], [0, 0], [2, 0], [3, 0]])


def test_a_fraction_a_row():
    first, second = np.tile([1.0, 0.0], (3, 1)), np.tile([0.0, 1.0], (3, 1))
    found = slerp(first, second, np.array([[0.0], [0.5], [1.0]]))
    assert np.allclose(found, [[1, 0], [0.5**0.5, 0.5**0.5], [0, 1]], atol=1e-6)


@given(codes, st.floats(0, 1))
def test_the_rescaled_line_has_the_direction_of_the_line_and_even_lengths(pair, t):
    first, second = pair
    found = rescaled_line(first, second, t)
    line = (1 - t) * first + t * second
    lengths = (1 - t) * np.linalg.norm(first, axis=1) + t * np.linalg.norm(second, axis=1)
    assert np.allclose(np.linalg.norm(found, axis=1), lengths, atol=1e-4)
    cosine = (found * line).sum(axis=1) / (lengths * np.linalg.norm(line, axis=1))
    assert np.allclose(cosine, 1, atol=1e-4)


@given(codes)
def test_half_way_between_codes_of_one_length_line_and_arc_agree(pair):
    first, second = (3 * some / np.linalg.norm(some, axis=1, keepdims=True) for some in pair)
    assert np.allclose(rescaled_line(first, second, 0.5), slerp(first, second, 0.5), atol=1e-4)


def test_a_line_through_0_stays_there():
    assert np.array_equal(rescaled_line(np.array([[1.0, 0.0]]), np.array([[-1.0, 0.0]]), 0.5), [[0, 0]])
