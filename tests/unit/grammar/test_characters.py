"""The grammar of characters: every string over its alphabet and back, and no other character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import GrammarError, ParseError
from grae.grammar import Grammar, codec
from grae.grammar.characters import character_grammar

CHARACTERS = st.characters(exclude_categories=["Cs"])


def test_has_a_production_for_each_character_and_one_for_the_end():
    grammar = character_grammar(["CCO", "c1ccccc1"], "letters")
    assert [str(p) for p in grammar.productions] == [
        "characters -> '1' characters",
        "characters -> 'C' characters",
        "characters -> 'O' characters",
        "characters -> 'c' characters",
        "characters ->",
    ]
    assert grammar.parse("CCO").tolist() == [1, 1, 2, 4]
    assert grammar.pad == 5


@given(st.lists(st.text(CHARACTERS), min_size=1).filter(any))
def test_derives_its_texts_character_by_character_and_survives_a_file(texts):
    grammar = character_grammar(texts, "any")
    again = Grammar.from_text(grammar.text, "any")
    assert again == grammar
    derivations = codec.encode(again, texts).derivations
    assert derivations.lengths.tolist() == [len(text) + 1 for text in texts]
    assert codec.decode(again, derivations) == texts


def test_the_order_of_the_texts_does_not_matter():
    assert character_grammar(["ab", "c"], "one") == character_grammar(["cb", "a"], "two")


def test_refuses_other_characters_and_nothing_at_all():
    with pytest.raises(ParseError, match="position 1"):
        character_grammar(["abc"], "letters").parse("axb")
    with pytest.raises(GrammarError, match="no characters"):
        character_grammar(["", ""], "letters")
    with pytest.raises(GrammarError, match="no grammar file can spell"):
        character_grammar(["a\ud800b"], "letters")


def test_texts_of_several_lines_have_a_grammar():
    grammar = character_grammar(["a\nb", "'\"\\"], "lines")
    assert grammar.unparse(grammar.parse("b\n'\\\"a")) == "b\n'\\\"a"
    assert Grammar.from_text(grammar.text) == grammar


def test_ignored_characters_are_skipped_unless_they_are_part_of_the_texts():
    grammar = character_grammar(["x+1"], "sums", ignore=" ")
    assert grammar.unparse(grammar.parse("x + 1")) == "x+1"
    assert character_grammar(["x +1"], "sums", ignore=" ").parse("x +1").size == 5
