"""Formulas with their constants in place: simplified, and as text that reads back."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.errors import MissingExtraError
from grae.formulas.expression import expression, text
from grae.formulas.program import read
from grae.formulas.symbolic import latex, simplified, to_sympy

NAMES = ("x", "y")
COLUMNS = np.random.default_rng(0).uniform(0.2, 2.0, (2, 20))
FORMULAS = st.recursive(
    st.sampled_from(["x", "y", "c", "0", "1", "2"]),
    lambda inner: st.one_of(
        st.builds("({}{}{})".format, inner, st.sampled_from("+-*/^"), inner),
        st.builds("{}({})".format, st.sampled_from(["sin", "exp", "log"]), inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("formula", "constants", "written"),
    [
        ("c+c*x^2*x+c*sin(c*x-c)", [0, 1, 2.5, 1 + 1e-11, -3], "x^3 + 2.5*sin(x + 3)"),
        ("c*1/(x+c)-c*y", [2, 3, -1.5], "2/(x + 3) + 1.5*y"),
        ("-x^2+c", [-1], "-x^2 - 1"),
        ("x-(y-x)", [], "x - (y - x)"),
        ("x/(y*x)", [], "x/(y*x)"),
        ("(-x)^2", [], "(-x)^2"),
        ("c*x-(c*y-y^2)", [1, -1], "x + y + y^2"),
        ("2^-x", [], "2^(-x)"),
        ("(x^y)^2", [], "(x^y)^2"),
        ("c+c*x+c", [1.25, 0, -1.25], "0"),
        ("pow(x,c)", [0.123456789], "x^0.123457"),
        ("x*(c+c)", [1, 1], "2*x"),
    ],
)
def test_formulas_are_simplified(formula, constants, written):
    assert text(expression(read(formula, NAMES), constants)) == written


@settings(max_examples=150, deadline=None)
@given(FORMULAS, st.integers(0, 9))
def test_the_text_reads_back_as_the_same_formula(formula, seed):
    program = read(formula, NAMES)
    constants = np.random.default_rng(seed).normal(size=program.n_constants)
    values = program.values(COLUMNS, constants)
    again = read(text(expression(program, constants), None), NAMES).values(COLUMNS)
    finite = np.isfinite(values) & (np.abs(values) < 1e6) & np.isfinite(again)
    np.testing.assert_allclose(again[finite], values[finite], rtol=1e-4, atol=1e-6)


def test_sympy_simplifies_and_writes_latex():
    formula = expression(read("x/(y*x)+c*pow(x,c)", NAMES), [1.5, 0.5])
    assert latex(formula) == r"1.5 x^{0.5} + \frac{1}{y}"
    assert str(simplified(expression(read("sqrt(x)*exp(-abs(y))+tanh(x)*tan(y)", NAMES)))).count("exp") == 1
    assert str(to_sympy(expression(read("2-x", NAMES)))) == "2 - x"


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingExtraError, match=r"grae\[formulas\]"):
        latex(expression(read("x", NAMES)))
