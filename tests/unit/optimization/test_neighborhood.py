"""Strings that differ too little from known ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import grae
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations, encode
from grae.grammar.language import Language
from grae.languages.expressions import LANGUAGE, TOLERANCE
from grae.optimization.neighborhood import Neighborhood

ARITHMETIC = load_grammar("arithmetic")


def apart(neighborhood: Neighborhood, *texts: str, here: set[str] | None = None) -> list[str]:
    derivations = encode(neighborhood.grammar, texts).derivations
    return [texts[row] for row in neighborhood.apart(texts, derivations, set() if here is None else here)]


def test_expressions_of_nearly_the_same_values_are_not_new():
    neighborhood = Neighborhood(ARITHMETIC)
    assert neighborhood
    here = set[str]()
    assert apart(neighborhood, "x", "x+x", "1*x", here=here) == ["x", "x+x"]  # of each other
    assert apart(neighborhood, "x/1", "x*x", here=here) == ["x*x"]  # of the candidates of a round
    assert apart(neighborhood, "x/1") == ["x/1"]  # of another round
    neighborhood.learn(["x", "sin(x)"], encode(ARITHMETIC, ["x", "sin(x)"]).derivations)
    neighborhood.learn([], encode(ARITHMETIC, []).derivations)
    small = "1/exp(exp(2))"  # 6.2e-4
    assert 1 / np.exp(np.exp(2)) < TOLERANCE < 2 / np.exp(np.exp(2))
    found = apart(neighborhood, f"x+{small}", f"x+{small}+{small}", f"sin(x)+{small}", "sin(x*x)")
    assert found == [f"x+{small}+{small}", "sin(x*x)"]
    assert apart(neighborhood) == []


def test_a_difference_of_the_tolerance_is_too_little():
    def lengths(grammar: Grammar, texts: Sequence[str], derivations: Derivations) -> np.ndarray:
        return np.array([[len(text)] for text in texts], float)

    grammar = Grammar.from_text("S -> 'a' S | 'a'\n", "own")
    assert not Neighborhood(grammar)
    assert apart(Neighborhood(grammar), "a", "aa", "aaa") == ["a", "aa", "aaa"]
    neighborhood = Neighborhood(grammar.in_language(Language("lengths", vectors=lengths, tolerance=1.0)))
    neighborhood.learn(["aa"], encode(grammar, ["aa"]).derivations)
    assert apart(neighborhood, "aaa", "aaaa", "a", "aaaaa", "aaaaaa") == ["aaaa", "aaaaaa"]


@pytest.mark.parametrize("options", [{"strategy": "genetic"}, {"surrogate": "meaning"}])
def test_a_search_scores_nothing_that_is_near_what_it_scored(model: Any, expressions: list[str], options: Any):
    result = grae.optimize(model, "log-mse", start=expressions, rounds=4, batch_size=8, seed=1, **options)
    texts = [record.string or "" for record in result.records]
    vectors = LANGUAGE.vectors
    assert vectors is not None
    values = vectors(ARITHMETIC, texts, encode(ARITHMETIC, texts).derivations)
    distances = np.abs(values[:, None] - values[None]).max(axis=2)[np.triu_indices(len(texts), 1)]
    assert len(texts) == 32
    assert distances.min() > TOLERANCE
