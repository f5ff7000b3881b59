"""Second derivations: found for each string that has several, and for no other."""

from collections import defaultdict

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grae.errors import GrammarError
from grae.grammar import Grammar, Nonterminal
from grae.grammar.ambiguity import Ambiguity
from grae.grammar.counting import DerivationCounter

GRAMMARS = [
    "S -> S S | 'a'",
    "S -> 'a' | T\nT -> 'a' | 'b'",
    "S -> A B C\nA -> 'a' A |\nB -> 'b' B | 'a'\nC -> 'a' C |",
    "S -> S '+' S | 'x' | S '*' S",
    "S -> 'i' S | 'i' S 'e' S | 'a'",
    "S -> A A A A\nA -> 'a' | 'a' 'a' | 'b'",
    "S -> 'ab' S | 'a' S | 'b' S |",
    "#% separator ' '\nS -> 'a b' S | 'a' S | 'b'",
    "S -> S '+' T | T\nT -> 'x' | '(' S ')'",
    "#% ignore ' '\nS -> A S | A\nA -> 'x' | 'x' A",
]


def by_string(grammar: Grammar, longest: int) -> dict[str, list[list[int]]]:
    """The derivations of up to so many productions by the string that they derive."""
    counter = DerivationCounter(grammar, longest)
    strings = defaultdict(list)
    for index in range(counter.total):
        ids = counter.unrank(index)
        strings[grammar.unparse(ids)].append(ids.tolist())
    return strings


@pytest.mark.parametrize("text", GRAMMARS)
def test_strings_with_several_derivations_are_told_from_others(text: str):
    grammar = Grammar.from_text(text)
    strings = by_string(grammar, 9)
    found = Ambiguity(grammar).second([*strings, "outside"])
    assert found.pop() is None
    for derivations, twice in zip(strings.values(), found, strict=True):
        if len(derivations) > 1:
            assert twice is not None
        if twice is not None:
            assert twice.first.tolist() != twice.second.tolist()
            assert grammar.unparse(twice.first) == grammar.unparse(twice.second) == twice.text
            assert twice.first.tolist() == grammar.parse(twice.text).tolist()


SYMBOLS = st.sampled_from(["a", "b", "ab", Nonterminal("S"), Nonterminal("A"), Nonterminal("B")])
SIDES = st.lists(SYMBOLS, min_size=1, max_size=3).map(tuple)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("SAB").map(Nonterminal), SIDES), min_size=3, max_size=7))
def test_drawn_grammars(productions: list):
    try:
        grammar = Grammar("drawn", list(dict.fromkeys(productions)), Nonterminal("S"))
    except GrammarError:
        assume(False)
        raise
    assume(not grammar.analysis.cycle_steps)
    strings = {text: ways for text, ways in by_string(grammar, 6).items() if len(text) <= 12}
    found = Ambiguity(grammar).second(list(strings))
    for (text, ways), twice in zip(strings.items(), found, strict=True):
        assert twice is not None or len(ways) == 1, text
        if twice is not None:
            assert grammar.unparse(twice.first) == grammar.unparse(twice.second) == text


def test_what_derives_nothing_in_two_ways():
    ambiguity = Ambiguity(Grammar.from_text("S -> 'a' A | B\nA -> | B\nB -> | 'b'\nC -> | A"))
    assert [str(nonterminal) for nonterminal in ambiguity.empty_twice] == ["A"]
    assert Ambiguity(Grammar.from_text("S -> 'a' S |")).empty_twice == ()
