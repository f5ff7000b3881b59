"""Formulas of targets."""

import pickle
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import ParseError, SettingsError
from grae.targets.composite import CompositeTarget
from grae.targets.named import target_named

MOLECULES = ["CCO", "c1ccccc1C", "C1CCCCCCC1"]
PARTS = {name: target_named(name).evaluate(MOLECULES) for name in ("logp", "raw-logp", "qed")}
LOGP, QED = PARTS["logp"], PARTS["qed"]
weights = st.integers(0, 999).map(lambda n: n / 100)


@given(st.lists(st.tuples(st.sampled_from("+-"), weights, st.sampled_from(sorted(PARTS)), st.booleans()), min_size=1))
def test_a_weighted_sum_is_what_it_says(terms):
    text, wanted = "", np.zeros(len(MOLECULES))
    for rank, (sign, weight, name, behind) in enumerate(terms):
        text += "" if rank == 0 and sign == "+" else f" {sign} "
        text += f"{name}*{weight}" if behind else f"{weight} * {name}"
        wanted += (1 if sign == "+" else -1) * weight * PARTS[name]
    target = CompositeTarget.read(text, {name: target_named(name) for name in PARTS})
    np.testing.assert_allclose(target.evaluate(MOLECULES), wanted, atol=1e-9)


def sigmoid(a: np.ndarray, center: float, width: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(a - center) / width))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("logp - qed/2", LOGP - QED / 2),
        ("-qed", -QED),
        ("logp*qed", LOGP * QED),
        ("qed^2", QED**2),
        ("-qed**2", -(QED**2)),
        ("qed ^ -0.5 * 2", 2 * QED**-0.5),
        ("(qed * sigmoid(logp, 0, 1)) ^ 0.5", np.sqrt(QED * sigmoid(LOGP, 0, 1))),
        ("min(logp, qed)", np.minimum(LOGP, QED)),
        ("max(logp, qed, 0.5)", np.maximum(np.maximum(LOGP, QED), 0.5)),
        ("clip(logp, 0, 3)", np.clip(LOGP, 0, 3)),
        ("clip(logp, -1, 1e0) / 2", np.clip(LOGP, -1, 1) / 2),
        ("sigmoid(qed, 0.6, 0.1)", sigmoid(QED, 0.6, 0.1)),
        ("sigmoid(logp, 2, -.5)", sigmoid(LOGP, 2, -0.5)),
        ("gauss(raw-logp, 1, 2*2)", np.exp(-(((PARTS["raw-logp"] - 1) / 4) ** 2) / 2)),
        ("step(qed, .4)*logp", (QED >= 0.4) * LOGP),
        ("abs(logp - 1) - raw-logp-qed", np.abs(LOGP - 1) - PARTS["raw-logp"] - QED),
        ("1 - 2 - qed", -1 - QED),
        ("8/2/2*qed", 2 * QED),
        ("sigmoid(1e6*logp, 0, .001)", (LOGP > 0) * 1.0),
    ],
)
def test_formulas_mean_what_they_say(text: str, wanted: np.ndarray):
    target = target_named(text)
    np.testing.assert_allclose(target.evaluate(MOLECULES), wanted, atol=1e-9)
    assert np.isnan(target.evaluate(["C1CC"])[0])
    assert (target.name, target.direction, target.language) == (text, "maximize", "molecules")


leaves: Any = st.sampled_from([("logp", "LOGP"), ("qed", "QED"), ("2", "2.0"), ("0.5", "0.5")])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda t: (f"({t[0][0]} {t[1]} {t[2][0]})", f"({t[0][1]} {t[1]} {t[2][1]})")
        ),
        st.tuples(inner, inner).map(
            lambda t: (f"max({t[0][0]},{t[1][0]})", f"np.maximum({t[0][1]}, {t[1][1]})")
        ),
        inner.map(lambda t: (f"-{t[0]}", f"(-{t[1]})")),
        inner.map(lambda t: (f"clip({t[0]}, -1, 2)", f"np.clip({t[1]}, -1.0, 2.0)")),
    ),
    max_leaves=8,
)  # fmt: skip


@given(formulas)
def test_a_formula_is_as_python_computes_it(pair):
    text, python = pair
    if not re.search("logp|qed", text):
        with pytest.raises(SettingsError, match="holds no target"):
            CompositeTarget.read(text, {name: target_named(name) for name in PARTS})
        return
    wanted = eval(python, {"LOGP": LOGP, "QED": QED, "np": np})  # noqa: S307 - of what this test wrote itself
    found = CompositeTarget.read(text, {name: target_named(name) for name in PARTS}).evaluate(MOLECULES)
    np.testing.assert_allclose(found, np.broadcast_to(wanted, 3), atol=1e-9)


def test_what_has_no_finite_value_is_invalid():
    powers = target_named("(qed - 0.5)^0.5").evaluate(MOLECULES)
    assert np.isnan(powers[QED < 0.5]).all()
    assert np.isfinite(powers[QED > 0.5]).all()
    assert np.isnan(target_named("1/(qed-qed)").evaluate(MOLECULES)).all()


def test_another_process_computes_the_same():
    target = target_named("min(clip(logp, 0, 3) / 3, qed)")
    again = pickle.loads(pickle.dumps(target))  # noqa: S301 - as joblib sends it to a process of ours
    np.testing.assert_allclose(again.evaluate(MOLECULES), target.evaluate(MOLECULES))


@pytest.mark.parametrize(
    ("text", "unbounded"),
    [("logp + qed", True), ("0.001*raw-logp", True), ("clip(logp, 0, 3)", False), ("sigmoid(logp, 2, 1)", False),
     ("2*qed + 1", False), ("-logp", False), ("min(logp, qed)", False), ("max(logp, qed)", True)],
)  # fmt: skip
def test_whether_a_formula_grows_without_limit(text: str, unbounded: bool):
    assert getattr(target_named(text), "unbounded", None) is unbounded


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("0.7*logp + 0.3qed", ("--target", "unexpected 'qed'", "position 14")),
        ("logp + size", ("--target", "unexpected 'size'", "'logp'", "'a number'", "min, max, abs, clip", "file.py")),
        ("clip(logp, 0)", ("--target", "unexpected ')'", "','")),
        ("log(logp)", ("--target", "position 0")),
        ("logp; qed", ("--target", "unexpected ';'")),
        ("logp +", ("--target", "it ends too early at position 6")),
        ("__import__('os')", ("--target", "position 0")),
    ],
)
def test_formulas_that_cannot_be_read(text: str, messages: tuple[str, ...]):
    with pytest.raises(ParseError) as caught:
        target_named(text)
    for message in messages:
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("logp + log-mse", "differs in language"),
        ("logp/0 + qed", "divided by 0"),
        ("logp/(2 - 2)", "divided by 0"),
        ("qed*" + 300 * "(" + "qed" + 300 * ")", "nested too deep"),
        ("1e400*logp", "1e400 is too large a number"),
        (400 * "9" + "*logp", "too large a number"),
        ("0.5*pmo:median1 + qed", "a formula joins logp"),
        ("(mine:score + 1)", "a formula joins logp"),
        ("1 + 2", "holds no target"),
        ("0.5", "holds no target"),
        ("clip(logp, 3, 0)", "clip from 3 to 0"),
        ("clip(logp, 0, qed)", "a target stands where clip takes a number"),
        ("sigmoid(qed, 0.6, 0)", "width 0"),
        ("logp + (0-1)^0.5", "no finite value"),
    ],
)
def test_formulas_that_make_no_sense(text: str, message: str):
    with pytest.raises(SettingsError, match=re.escape(message)) as caught:
        target_named(text)
    assert "--target" in str(caught.value)
