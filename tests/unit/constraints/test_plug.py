"""The plug is general: a language of another kind, as many a as b, with an automaton of its own."""

import numpy as np
import pytest
from numba import njit

from grae.constraints import ConstrainedPushdown, Constraint
from grae.constraints.automaton import ACCEPTS, CONSUME, COPY, OBLIGATIONS, PENDING, START, Automaton
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.codec import Derivations, decode
from grae.languages import language_named, languages

WORDS = Grammar.from_text("S -> 'a' S | 'b' S | T 'b' T S |\nT -> 'ab' | 'a' 'a' | 'b'", "words")
MOST = 6  # that one letter may be ahead


@njit(START)
def start(tables, state):
    state[0] = 0


@njit(CONSUME)
def consume(tables, state, terminal):
    state[0] += tables[terminal]
    return -MOST <= state[0] <= MOST


@njit(ACCEPTS)
def accepts(tables, state):
    return state[0] == 0


@njit(COPY)
def copy(tables, source, target):
    target[0] = source[0]


@njit(OBLIGATIONS)
def obligations(tables, state, labels):
    n = abs(state[0])
    for obligation in range(n):
        labels[obligation] = 1 if state[0] > 0 else 0
    return n


@njit(PENDING)
def pending(tables, state, context, terminal):
    return -1


def balanced() -> Automaton:
    ahead = np.array([terminal.count("a") - terminal.count("b") for terminal in WORDS.terminals], np.int32)
    functions = (start, consume, accepts, copy, obligations, pending)
    here = lambda n: [("",) * (n + 1)]  # noqa: E731
    return Automaton(ahead, 1, *functions, labels=("a", "b"), usual="a", neutral=(("",),), discharging=here)


@pytest.mark.parametrize("max_length", [1, 2, 3, 5, 12, 40])
def test_random_choices_make_words_with_as_many_a_as_b(max_length):
    under = Constraint(WORDS, balanced(), max_length)
    draw = np.random.default_rng(max_length)
    machine = ConstrainedPushdown(under, 500)
    rows = [[] for _ in range(500)]
    for _ in range(max_length):
        chosen = machine.expand(draw.normal(size=(500, WORDS.n_symbols)).astype(np.float32))
        for row, production in zip(rows, chosen, strict=True):
            if production >= 0:
                row.append(production)
    texts = decode(WORDS, Derivations.from_list([np.array(row) for row in rows], WORDS.dtype))
    assert all(text.count("a") == text.count("b") for text in texts)
    assert len(set(texts)) >= min(max_length - 1, 200)


@pytest.mark.parametrize(("text", "is_read"), [("", True), ("abba", True), ("a", False), ("a" * 7 + "b" * 7, False)])
def test_the_automaton_reads_whole_strings(text, is_read):
    assert balanced().reads([WORDS.terminals.index(letter) for letter in text]) == is_read


def test_a_language_without_a_word_that_short_is_an_error():
    grammar = Grammar.from_text("S -> 'a' | 'a' S", "only a")
    with pytest.raises(SettingsError, match="no string of grammar 'only a' with at most 9 productions"):
        Constraint(grammar, balanced(), 9)


def test_the_languages_that_bring_an_automaton():
    assert [name for name in languages() if language_named(name, "here").automaton is not None] == ["molecules"]
