"""Numbers as the page shows them."""

import pytest

from grae.report.formatting import decimal, interval_of, percent


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50.0 %"), (0.9997, "99.97 %"), (0.0004, "0.04 %"), (None, "\N{EN DASH}")],
)
def test_a_share_is_told_from_none_and_from_all(share: float | None, shown: str):
    assert percent(share) == shown


def test_numbers_have_digits_that_mean_something():
    assert decimal(0.891234) == "0.8912"
    assert decimal(-1.5) == "\N{MINUS SIGN}1.5"
    assert decimal(123456.7) == "123,457"
    assert decimal(None) == "\N{EN DASH}"


def test_an_interval_has_the_digits_of_its_bounds():
    assert interval_of((0.2891, 0.307), True) == "28.9 to 30.7 %"
    assert interval_of((0.9987, 0.9998), True) == "99.87 to 99.98 %"
    assert interval_of((1.0, 1.0), True) == "100 %"
    assert interval_of((1.5, 2.25), False) == "1.5 to 2.25"
    assert interval_of(None, True) == "\N{EN DASH}"
