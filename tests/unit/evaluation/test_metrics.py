import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DataError
from grae.evaluation import Estimate, Share, exact, novel, unique, unique_at, valid

forms = st.lists(st.one_of(st.none(), st.sampled_from("abcdef")))


def test_share_is_a_fraction_of_its_sample():
    share = Share(1, 4)
    assert share.value == 0.25
    assert str(share) == "25.00 %"


def test_share_of_nothing_has_no_value():
    assert Share(0, 0).value is None
    assert str(Share(0, 0)) == "-"


def test_valid_unique_novel_by_hand():
    canonical = ["CC", "CC", "CO", None, "CN"]
    assert valid(canonical) == Share(4, 5)
    assert unique(canonical) == Share(3, 4)
    assert novel(canonical, iter(["CO", "CCC", "CO", None])) == Share(2, 3)


def test_unique_at_k_counts_the_first_k_valid():
    canonical = ["CC", None, "CC", "CO", "CN"]
    assert unique_at(canonical, 2) == Share(1, 2)
    assert unique_at(canonical, 3) == Share(2, 3)
    assert unique_at(canonical, 100) == unique(canonical) == Share(3, 4)


def test_estimate_prints_with_four_digits():
    assert str(Estimate(0.85674, 3)) == "0.8567"
    assert str(Estimate(123.456, 3)) == "123.46"


@given(forms, forms)
def test_each_measure_is_taken_over_what_the_one_before_found(canonical: list[str | None], training: list[str | None]):
    assert valid(canonical).of == len(canonical)
    assert unique(canonical).of == valid(canonical).count
    assert novel(canonical, training).of == unique(canonical).count
    assert novel(canonical, []).count == unique(canonical).count
    assert novel(canonical, canonical).count == 0


def test_novelty_reads_the_training_set_once():
    def training():
        yield from ("a", "b")

    assert novel(["a", "c"], training()) == Share(1, 2)


def test_exact_compares_character_for_character():
    assert exact(["CCO", "OCC"], ["CCO", "CCO"]) == Share(1, 2)


def test_exact_needs_one_reconstruction_for_each_string():
    with pytest.raises(DataError, match="2 strings but 1 reconstructions"):
        exact(["a", "b"], ["a"])
