"""Which formulas count as the same, and which say what a smaller one says."""

import pytest

from grae.formulas.canonical import canonical
from grae.formulas.program import read


def form(text):
    return canonical(read(text, ("x", "y")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x+y", "y+x"),
        ("x*(y*x)", "x^2*y"),
        ("(x+y)*(y+x)", "(x+y)^2"),
        ("c*x", "-x*c"),
        ("c+c*x", "c-c*x"),
        ("pow(x,2)", "x*x"),
        ("x/y", "x*y^-1"),
        ("sin(x+(y+1))", "sin(1+y+x)"),
    ],
)
def test_formulas_that_differ_in_order_alone_are_of_one_form(one, other):
    assert form(one).key == form(other).key


@pytest.mark.parametrize(
    ("one", "other"), [("x-y", "y-x"), ("x+1", "x+c"), ("x/y", "y/x"), ("x^y", "y^x"), ("x+x", "x"), ("2*x", "x")]
)
def test_formulas_that_mean_something_else_are_not(one, other):
    assert form(one).key != form(other).key


@pytest.mark.parametrize("text", ["c*c*x", "c+x+c", "sin(c)", "c*x+c*x", "c*x+x", "x^2/x", "x-x", "c*(c*x+c)", "c^c"])
def test_what_a_smaller_formula_says_is_redundant(text):
    assert form(text).redundant


@pytest.mark.parametrize(
    "text", ["c*x+c", "c*x+c*x^2", "x+x", "c*sin(c*x+c)", "(c*x+1)*c", "x^c", "2*x+3", "0^2", "(0*x)^-1"]
)
def test_other_formulas_are_not(text):
    assert not form(text).redundant
