import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae import chemistry
from grae.errors import DataError
from grae.evaluation.descriptions import PARTS, Distinct, Occurrences, describe

parts = st.lists(st.lists(st.sampled_from("abcde"), max_size=4), min_size=1, max_size=8)


def test_distinct_molecules_in_the_order_they_come():
    found = Distinct.of(["OCC", "C1C", "CCO", "C", "OCC"], ["CCO", None, "CCO", "C", "CCO"])
    assert found.forms == ["CCO", "C"]
    assert found.spellings == ["OCC", "C"]
    assert found.places.tolist() == [0, 0, 1, 0]


@given(parts, st.lists(st.integers(0, 7), max_size=12))
def test_repeated_occurrences_are_those_of_the_molecules_named(some: list[list[str]], places: list[int]):
    places = [place % len(some) for place in places]
    found = Occurrences.of(some).repeated(np.array(places, np.int64))
    names = np.array(found.names, object)
    for row, place in enumerate(places):
        assert names[found.columns[found.rows == row]].tolist() == some[place]
    assert found.counts.sum() == sum(len(some[place]) for place in places)


def test_no_molecules():
    found = describe(Distinct.of(["C1C"], [None]))
    assert set(found.arrays) | set(found.occurrences) == set(PARTS)
    assert found.arrays["fingerprints"].shape == (0, 16)
    assert found.arrays["QED"].shape == (0,)
    assert found.occurrences["fragments"].names == ()


def test_what_is_not_asked_for_is_not_computed(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_):
        raise AssertionError

    for name in ("fragments", "synthetic_accessibility", "drug_likeness", "passes_filters"):
        monkeypatch.setattr(chemistry, name, refuse)
    found = describe(Distinct.of(["CCO", "c1ccccc1"], ["CCO", "c1ccccc1"]), ("logP", "scaffolds"))
    assert (list(found.arrays), list(found.occurrences)) == (["logP"], ["scaffolds"])
    assert found.arrays["logP"][0] == pytest.approx(-0.0014)


def test_a_string_that_is_no_molecule():
    with pytest.raises(DataError, match="cannot read 'C1C'"):
        describe(Distinct(["C1C"], ["C1C"], np.zeros(1, np.int64)))
