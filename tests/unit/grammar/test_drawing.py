"""Random derivations: complete, of the right lengths, and in the right proportions."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from grae.errors import GrammarError
from grae.grammar import Grammar, codec, load_grammar
from grae.grammar.counting import DerivationCounter
from grae.grammar.uniform_drawing import UniformDraws
from grae.grammar.weighted_drawing import WeightedDraws

BRACKETS = "S -> '(' S ')' S | 'a' | 'b'"
GRAMMARS = {
    "brackets": BRACKETS,
    "list": "S -> A | A ',' S\nA -> 'x' | 'y' | '[' S ']' |",
    "three": "S -> A B A | 'z'\nA -> 'a' A | 'a'\nB -> 'b' B B | A |",
    "ambiguous": "S -> S S | 'a'",
    "dead ends": "S -> 'a' S | 'b' | T | U S\nT -> 'x' T\nU -> V\nV -> 'v' W",
    "one": "S -> 'only'",
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_each_derivation_is_as_likely_as_any_other(name: str):
    grammar = Grammar.from_text(GRAMMARS[name])
    longest = 7
    counter = DerivationCounter(grammar, longest)
    draws = UniformDraws(grammar, longest)
    assert draws.total == counter.total
    drawn = draws.draw(200 * counter.total, seed=3)
    counts = Counter(tuple(ids.tolist()) for ids in drawn)
    assert set(counts) == {tuple(counter.unrank(index).tolist()) for index in range(counter.total)}
    assert counter.total == 1 or chisquare(list(counts.values())).pvalue > 1e-4


def test_large_counts_keep_their_proportions():
    grammar = Grammar.from_text(BRACKETS)
    draws = UniformDraws(grammar, 801)
    assert draws.total > 10**200
    drawn = draws.draw(2_000, seed=0)
    assert drawn.lengths.max() <= 801
    codec.decode(grammar, drawn)
    counter = DerivationCounter(grammar, 801)
    share = counter.count(801) / counter.total
    assert abs((drawn.lengths == 801).mean() - share) < 0.05


def test_productions_are_drawn_by_their_weights():
    grammar = Grammar.from_text("S -> '(' S ')' S [1] | 'a' [3] | 'b' [6] | 'c' [0]")
    drawn = WeightedDraws(grammar, 1_000).draw(20_000, seed=1)
    uses = np.bincount(drawn.ids, minlength=4)
    assert uses[3] == 0
    assert chisquare(uses[:3], uses.sum() * np.array([0.1, 0.3, 0.6])).pvalue > 1e-4
    assert all(codec.decode(grammar, drawn))


def test_weights_hold_under_the_condition_of_the_length():
    grammar = Grammar.from_text("S -> 'a' S [0.9] | 'b' [0.1]")
    lengths = WeightedDraws(grammar, 5).draw(20_000, seed=2).lengths
    share = 0.1 * 0.9 ** np.arange(5)
    assert chisquare(np.bincount(lengths, minlength=6)[1:], 20_000 * share / share.sum()).pvalue > 1e-4


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(GRAMMARS)), st.integers(1, 40), st.integers(0, 2**63), st.booleans())
def test_fewer_are_the_first_of_more(name: str, n: int, seed: int, uniform: bool):
    draws = (UniformDraws if uniform else WeightedDraws)(Grammar.from_text(GRAMMARS[name]), 9)
    many, few = draws.draw(50, seed), draws.draw(n, seed)
    assert [ids.tolist() for ids in few] == [ids.tolist() for ids in many][:n]


def test_drawn_strings_are_parsed():
    for name in ("smiles", "arithmetic"):
        grammar = load_grammar(name)
        texts = codec.decode(grammar, UniformDraws(grammar, 25).draw(300, 0))
        assert grammar.parser.parse_batch(texts).ok.all()


def test_what_cannot_be_drawn():
    grammar = Grammar.from_text("S -> 'a' S | 'b' T\nT -> 'c'")
    with pytest.raises(GrammarError, match="no derivation of at most 1 productions") as caught:
        UniformDraws(grammar, 1)
    assert caught.value.remedy == "allow 2 or more"
    with pytest.raises(GrammarError, match="too many to count"):
        UniformDraws(grammar, 100_000)
    with pytest.raises(GrammarError, match="with these weights"):
        WeightedDraws(grammar, 1)
    with pytest.raises(GrammarError, match="with these weights"):
        WeightedDraws(grammar.weighted([1, 0, 1]), 100)
    with pytest.raises(GrammarError, match="not 1 of 100,000 derivations"):
        WeightedDraws(grammar.weighted([1, 1e-9, 1]), 10).draw(5, 0)
