"""Longest match, ignored characters, and where tokens begin."""

from hypothesis import given
from hypothesis import strategies as st

from grae.grammar import Grammar, Nonterminal
from grae.grammar.tokenizer import Tokenizer


def tokenizer(*terminals: str, ignore: str = "") -> Tokenizer:
    start = Nonterminal("S")
    return Tokenizer(Grammar("words", [(start, (terminal,)) for terminal in terminals], start, ignore=ignore))


def test_longest_match():
    cut = tokenizer("C", "Cl", "l", "c", "1", "10")
    assert cut("CClc1C10l") == ["C", "Cl", "c", "1", "C", "10", "l"]


def test_goes_back_to_the_longest_terminal_that_was_complete():
    assert tokenizer("a", "aab", "c")("aac") == ["a", "a", "c"]


def test_stops_where_no_terminal_begins():
    cut = tokenizer("a", "ab")
    tokens = cut.batch(["aba", "aax", "", "x", "aé"])
    assert tokens.counts.tolist() == [2, 2, 0, 0, 1]
    assert tokens.broken.tolist() == [False, True, False, True, True]


def test_a_terminal_cut_short_is_none():
    tokens = tokenizer("sin(", "x").batch(["sin(x", "sin"])
    assert tokens.broken.tolist() == [False, True]


def test_bytes_at_which_tokens_begin():
    tokens = tokenizer("é", "→x", ignore=" ").batch(["x", " é  →xé "])
    first, count = tokens.offsets[1], tokens.counts[1]
    assert tokens.starts[first : first + count + 1].tolist() == [1, 5, 9, 12]


def test_ignored_characters_but_not_inside_terminals():
    cut = tokenizer("not in", "not", "in", "x", ignore=" \u3000")
    assert cut(" x\u3000not in  not  in") == ["x", "not in", "not", "in"]


def test_an_ignored_terminal_is_a_token():
    assert tokenizer(" ", "a", ignore=" \t")("a \ta") == ["a", " ", "a"]


def longest_first(terminals: list[str], text: str) -> list[str] | None:
    tokens = []
    while text:
        fitting = [terminal for terminal in terminals if text.startswith(terminal)]
        if not fitting:
            return None
        tokens.append(max(fitting, key=len))
        text = text[len(tokens[-1]) :]
    return tokens


@given(st.lists(st.text("aé🜂", min_size=1, max_size=4), min_size=1), st.lists(st.text("aé🜂", max_size=12)))
def test_against_a_plain_loop(terminals: list[str], texts: list[str]):
    cut = tokenizer(*terminals)
    tokens = cut.batch(texts)
    for row, text in enumerate(texts):
        expected = longest_first(terminals, text)
        assert tokens.broken[row] == (expected is None)
        if expected is not None:
            assert cut(text) == expected
