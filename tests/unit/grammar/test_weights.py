"""Weights of productions: read, written, refused, and estimated from derivations."""

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk import PCFG

from grae.errors import GrammarError
from grae.grammar import Grammar, codec
from grae.grammar.weights import fit_weights, written_weight

SUMS = "S -> S '+' T [1] | T [3]\nT -> 'x' | 'y' | '(' S ')'"


def test_weights_are_relative_and_equal_where_none_is_given():
    grammar = Grammar.from_text(SUMS)
    assert grammar.weights == (0.25, 0.75, 1 / 3, 1 / 3, 1 / 3)
    assert Grammar.from_text("S -> 'a'").weights is None
    assert grammar == Grammar.from_text(SUMS.replace("[1]", "").replace("[3]", ""))


def test_weights_are_written_and_nltk_reads_them():
    grammar = Grammar.from_text(SUMS)
    assert Grammar.from_text(grammar.text).weights == grammar.weights
    assert [p.prob() for p in PCFG.fromstring(grammar.text).productions()] == list(grammar.weights or ())
    assert Grammar.from_text("S -> 'a' [.5] | [0.5]  # none").weights == (0.5, 0.5)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6).filter(lambda weights: sum(weights) > 0))
def test_weights_come_back_from_a_file(weights: list[float]):
    productions = "\n".join(f"S -> '{number}' {written_weight(one)}" for number, one in enumerate(weights))
    grammar = Grammar.from_text(productions)
    assert grammar.weights is not None
    assert abs(sum(grammar.weights) - 1) < 1e-9
    again = Grammar.from_text(grammar.text).weights
    assert again == pytest.approx(grammar.weights, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("S -> 'a' [0.5]\nS -> 'b'", "line 2: 'S -> 'b'': it has no weight"),
        ("S -> 'a' [0] | 'b' [0.0]", "line 1: 'S -> 'a'': the weights of its alternatives are all zero"),
        ("S -> 'a' [0.5] 'b'", "a symbol behind a weight"),
        ("S -> 'a' [0.5] [0.5]", "a symbol behind a weight"),
        ("S -> 'a' [-1]", "expected a nonterminal"),
    ],
)
def test_what_is_no_weight(text: str, message: str):
    with pytest.raises(GrammarError) as caught:
        Grammar.from_text(text)
    assert message in caught.value.message
    assert caught.value.remedy


def test_fitted_weights_are_relative_frequencies():
    grammar = Grammar.from_text("S -> 'a' S | 'b' S | 'c'\nT -> 'd'")
    texts = ["aac", "c", "abac"]
    fit = fit_weights(grammar, codec.encode(grammar, texts).derivations)
    assert fit.uses.tolist() == [4, 1, 3, 0]
    assert fit.grammar.weights == (0.5, 0.125, 0.375, 1.0)
    assert fit.bits == pytest.approx((4 * 1 + 1 * 3 + 3 * -log2(0.375)) / 3)
    smooth = fit_weights(grammar, codec.encode(grammar, ["c"]).derivations, smoothing=1.0)
    assert smooth.grammar.weights == (0.25, 0.25, 0.5, 1.0)
    with pytest.raises(GrammarError, match="no string"):
        fit_weights(grammar, codec.Derivations(np.empty(0, np.uint8), np.zeros(1, np.int64)))
