"""Weighted sums of targets."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import ParseError, SettingsError
from grae.optimization.sums import SumTarget
from grae.optimization.targets import target_named

MOLECULES = ["CCO", "c1ccccc1C", "C1CCCCCCC1"]
PARTS = {name: target_named(name).evaluate(MOLECULES) for name in ("logp", "raw-logp", "qed")}
weights = st.integers(0, 999).map(lambda n: n / 100)


@given(st.lists(st.tuples(st.sampled_from("+-"), weights, st.sampled_from(sorted(PARTS)), st.booleans()), min_size=1))
def test_a_sum_is_what_it_says(terms):
    text, wanted = "", np.zeros(len(MOLECULES))
    for rank, (sign, weight, name, behind) in enumerate(terms):
        text += "" if rank == 0 and sign == "+" else f" {sign} "
        text += f"{name}*{weight}" if behind else f"{weight} * {name}"
        wanted += (1 if sign == "+" else -1) * weight * PARTS[name]
    target = SumTarget.read(text, {name: target_named(name) for name in PARTS})
    np.testing.assert_allclose(target.evaluate(MOLECULES), wanted, atol=1e-9)


def test_sums_by_name():
    target = target_named("logp - qed/2")
    np.testing.assert_allclose(target.evaluate(MOLECULES), PARTS["logp"] - PARTS["qed"] / 2)
    assert np.isnan(target.evaluate(["C1CC"])[0])
    assert (target.name, target.direction, target.language) == ("logp - qed/2", "maximize", "molecules")
    assert target_named("2*qed").worst == 0.0
    assert target_named("2*qed + logp").worst == -np.inf
    assert target_named("-qed").worst == -np.inf
    np.testing.assert_allclose(pickle.loads(pickle.dumps(target)).evaluate(MOLECULES), target.evaluate(MOLECULES))  # noqa: S301


def test_sums_that_cannot_be_read():
    with pytest.raises(ParseError, match="position 14"):
        target_named("0.7*logp + 0.3qed")
    with pytest.raises(ParseError, match=r"expected one of: .*'logp'"):
        target_named("logp + size")
    with pytest.raises(SettingsError, match="differs in language"):
        target_named("logp + log-mse")
    with pytest.raises(SettingsError, match="divided by 0"):
        target_named("logp/0 + qed")
