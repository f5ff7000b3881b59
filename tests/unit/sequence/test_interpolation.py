"""Strings on the way between two strings."""

import itertools

import pytest

from grae.errors import ParseError, SettingsError
from grae.sequence.interpolation import runs_between, spread, to_frame


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_the_strings_on_the_way(expressions_model, path):
    stops = expressions_model.interpolate("x*sin(x)+1", "exp(x)/2", 6, path=path)
    texts = [stop.text for stop in stops]
    assert len(set(texts)) == len(texts) <= 6
    codes = expressions_model.transform(["x*sin(x)+1", "exp(x)/2"], refine=100)
    first, *_, last = runs_between(expressions_model, *codes, path=path)
    assert texts[0] == first[0]
    assert first[1] == 0
    assert last[2] == 1
    assert [first[0], last[0]] == expressions_model.inverse_transform(codes)
    assert all(0 <= stop.first <= stop.last <= 1 for stop in stops)
    assert list(to_frame(stops)["string"]) == texts


def test_the_intervals_fill_the_way(expressions_model):
    codes = expressions_model.transform(["x*sin(x)+1", "exp(x)/2"])
    runs = runs_between(expressions_model, *codes, points=21)
    assert runs[0][1] == 0
    for (text, _, end), (other, begin, _) in itertools.pairwise(runs):
        assert text != other
        assert begin == pytest.approx(end + 0.05)


def test_a_few_of_many_are_spread_evenly():
    assert spread(3, 9) == [0, 4, 8]
    assert spread(5, 3) == [0, 1, 2]


def test_bad_input(expressions_model):
    for given in ({"n": 1}, {"points": 1}, {"path": "curved"}):
        with pytest.raises(SettingsError, match="path"):
            expressions_model.interpolate("x", "1", **given)
    with pytest.raises(ParseError):
        expressions_model.interpolate("x", "1+")
