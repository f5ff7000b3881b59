"""Counts and lists of derivations against plain enumeration."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chisquare

from grae.errors import GrammarError
from grae.grammar import Grammar, Nonterminal, load_grammar
from grae.grammar.counting import DerivationCounter, sample_uniform

TINY = {
    "lists": "L -> '(' E ')' \n E -> | L E",
    "palindromes": "S -> 'a' S 'a' | 'b' S 'b' | ",
    "sums": "S -> S '+' T | T \n T -> '(' S ')' | 'x'",
    "ambiguous": "S -> S S | 'a'",
    "three children": "S -> S S S | T S | \n T -> 'a' | 'b' T",
    "cycle": "A -> B | 'a' \n B -> A | ",
    "finite": "S -> A B \n A -> 'a' | 'b' \n B -> 'c' | 'd' A",
    "unusable": "S -> 'a' | 'b' S | U \n U -> U 'c' \n V -> 'd'",
}


def enumerate_derivations(grammar: Grammar, max_length: int) -> list[tuple[int, ...]]:
    """All complete leftmost derivations of at most `max_length` productions, by expanding every choice."""
    complete = []
    growing: list[tuple[tuple[int, ...], tuple[Nonterminal, ...]]] = [((), (grammar.start,))]
    while growing:
        ids, stack = growing.pop()
        if not stack:
            complete.append(ids)
        elif len(ids) < max_length and len(stack) <= max_length - len(ids):
            growing += [
                ((*ids, production.id), production.children + stack[1:])
                for production in grammar.productions
                if production.lhs == stack[0]
            ]
    return complete


def as_tuples(derivations) -> list[tuple[int, ...]]:
    return [tuple(ids.tolist()) for ids in derivations]


@st.composite
def small_grammars(draw) -> Grammar:
    names = [Nonterminal(name) for name in "ABC"[: draw(st.integers(1, 3))]]
    symbols = st.sampled_from([*names, "a", "b"])
    rules = draw(st.lists(st.tuples(st.sampled_from(names), st.lists(symbols, max_size=3)), min_size=1, max_size=6))
    try:
        return Grammar("small", rules, start=rules[0][0])
    except GrammarError:
        assume(False)
        raise


@pytest.mark.parametrize("text", TINY.values(), ids=TINY.keys())
def test_lists_each_derivation_once(text: str):
    grammar = Grammar.from_text(text)
    expected = enumerate_derivations(grammar, 7)
    counter = DerivationCounter(grammar, 7)
    listed = as_tuples(counter.unrank(index) for index in range(counter.total))
    assert len(set(listed)) == len(listed) == counter.total
    assert set(listed) == set(expected)
    by_length = Counter(map(len, expected))
    assert [counter.count(length) for length in range(8)] == [by_length[length] for length in range(8)]
    assert list(map(len, listed)) == sorted(map(len, listed))


@given(small_grammars(), st.integers(0, 6))
def test_counts_any_grammar(grammar: Grammar, max_length: int):
    expected = enumerate_derivations(grammar, max_length)
    assume(len(expected) < 5000)
    counter = DerivationCounter(grammar, max_length)
    listed = as_tuples(counter.unrank(index) for index in range(counter.total))
    assert sorted(listed) == sorted(expected)


def test_order_is_the_documented_one():
    grammar = Grammar.from_text("S -> A A \n A -> 'a' | 'b' A")
    counter = DerivationCounter(grammar, 5)
    listed = as_tuples(counter.unrank(index) for index in range(counter.total))
    assert listed == [
        (0, 1, 1),
        (0, 1, 2, 1),
        (0, 2, 1, 1),
        (0, 1, 2, 2, 1),
        (0, 2, 1, 2, 1),
        (0, 2, 2, 1, 1),
    ]


def test_known_numbers():
    catalan = DerivationCounter(Grammar.from_text("S -> S S | 'a'"), 41)
    assert [catalan.count(2 * n + 1) for n in range(8)] == [1, 1, 2, 5, 14, 42, 132, 429]
    assert catalan.count(41) == 6564120420  # the 20th Catalan number
    assert DerivationCounter(load_grammar("arithmetic"), 15).total == 199_941_076


def test_counts_beyond_machine_integers():
    counter = DerivationCounter(Grammar.from_text("S -> 'a' S | 'b' S | 'c'"), 301)
    assert counter.total == 2**301 - 1
    assert as_tuples([counter.unrank(0), counter.unrank(counter.total - 1)]) == [(2,), (1,) * 300 + (2,)]


@pytest.mark.parametrize("index", [-1, 3])
def test_refuses_places_off_the_list(index: int):
    counter = DerivationCounter(Grammar.from_text("S -> 'a' | 'b' S"), 3)
    assert counter.total == 3
    with pytest.raises(IndexError, match=f"no derivation {index}: there are 3"):
        counter.unrank(index)


def test_refuses_lengths_it_did_not_count():
    with pytest.raises(ValueError, match="beyond the 3"):
        DerivationCounter(Grammar.from_text("S -> 'a' | 'b' S"), 3).count(4)


@pytest.mark.parametrize("max_length", [-1, 0, 1])
def test_nothing_fits(max_length: int):
    grammar = Grammar.from_text("S -> A \n A -> 'a'")
    assert DerivationCounter(grammar, max_length).total == 0
    with pytest.raises(GrammarError, match=f"has 0 derivations of at most {max_length} productions, not 1"):
        sample_uniform(grammar, 1, max_length, seed=0)


def test_samples_are_different_complete_and_seeded():
    grammar = load_grammar("arithmetic")
    first = sample_uniform(grammar, 2000, 15, seed=1)
    assert all(ids.dtype == grammar.dtype and len(ids) <= 15 for ids in first)
    assert len(set(as_tuples(first))) == 2000
    for ids in first:
        stack = [grammar.start]
        for production in (grammar.productions[i] for i in ids):
            assert stack.pop() == production.lhs
            stack += reversed(production.children)
        assert not stack
    assert as_tuples(sample_uniform(grammar, 2000, 15, seed=1)) == as_tuples(first)
    assert as_tuples(sample_uniform(grammar, 500, 15, seed=1)) == as_tuples(first)[:500]
    assert as_tuples(sample_uniform(grammar, 2000, 15, seed=2)) != as_tuples(first)


def test_a_seed_means_the_same_everywhere():
    """A change here changes the data set that the shipped grammar makes."""
    derivations = sample_uniform(load_grammar("arithmetic"), 3, 15, seed=0)
    assert as_tuples(derivations) == [
        (1, 1, 3, 4, 2, 0, 3, 5, 3, 7, 7, 7, 9, 10),
        (1, 2, 2, 2, 3, 4, 2, 3, 9, 9, 7, 8, 8, 9),
        (0, 3, 8, 5, 1, 2, 3, 8, 7, 6, 0, 3, 10, 8),
    ]


def test_takes_all_there_is():
    grammar = Grammar.from_text(TINY["sums"])
    counter = DerivationCounter(grammar, 9)
    everything = as_tuples(sample_uniform(grammar, counter.total, 9, seed=0))
    assert sorted(everything) == sorted(enumerate_derivations(grammar, 9))


@pytest.mark.parametrize("n", [1, 5, 15])
def test_each_derivation_is_as_likely(n: int):
    grammar = Grammar.from_text(TINY["sums"])
    places = {ids: place for place, ids in enumerate(sorted(enumerate_derivations(grammar, 9)))}
    assert len(places) > 15
    drawn = np.zeros(len(places))
    for seed in range(6000 // n):
        for ids in as_tuples(sample_uniform(grammar, n, 9, seed=seed)):
            drawn[places[ids]] += 1
    assert 0.001 < chisquare(drawn).pvalue < 0.9999


def test_refuses_more_than_there_is():
    with pytest.raises(GrammarError, match="has 3 derivations of at most 3 productions, not 4") as raised:
        sample_uniform(Grammar.from_text("S -> 'a' | 'b' S"), 4, 3, seed=0)
    assert "ask for fewer" in str(raised.value)
