"""Expressions typeset: read back, the markup means what the expression means."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.expressions import evaluate, postfix
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.targets.curves import formula_values
from grae.typesetting import mathml

ARITHMETIC = load_grammar("arithmetic")
X = np.linspace(0.5, 2, 7)


def written(element: ElementTree.Element) -> str:
    """MathML as a line of text, a fraction as what is above over what is below."""
    if element.tag == "mfrac":
        above, below = element
        return f"(({written(above)})/({written(below)}))"
    return (element.text or "") + "".join(written(part) for part in element)


def line(text: str) -> str:
    found = written(ElementTree.fromstring(str(mathml(postfix(ARITHMETIC, ARITHMETIC.parse(text))))))
    return found.replace("\N{MINUS SIGN}", "-").replace("\N{DOT OPERATOR}", "*")


@given(st.integers(0, 10_000))
def test_it_means_the_same(seed: int):
    (ids,) = sample_uniform(ARITHMETIC, 1, 14, seed)
    wanted = evaluate(ARITHMETIC, ids, X)
    found = formula_values(line(ARITHMETIC.unparse(ids)), X)
    finite = np.isfinite(wanted) & (np.abs(wanted) < 1e12)
    assert found[finite] == pytest.approx(wanted[finite], rel=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x*(x+1)", "x*(x+1)"), ("(x*x)+(1)", "x*x+1"), ("x/(x+1)", "((x)/(x+1))"), ("sin((x))", "sin(x)")],
)
def test_only_the_parentheses_that_are_needed(text: str, expected: str):
    assert line(text) == expected


def test_parentheses_are_as_high_as_a_fraction_in_them():
    high, low = (str(mathml(postfix(ARITHMETIC, ARITHMETIC.parse(text)))) for text in ("sin(x/2)", "sin(x*2)"))
    assert "<mo>(</mo>" in high
    assert re.findall(r"<mo[^>]*>\(", low) == ['<mo stretchy="false">(']
