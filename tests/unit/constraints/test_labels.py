"""The labels that productions write: their running parity is what a prefix of the string owes."""

import numpy as np
import pytest

from grae.constraints import automaton_of, written_labels
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import encode


@pytest.mark.parametrize("name", ["smiles", "smiles with motifs"])
def test_whole_molecules_owe_nothing(name, grammar_named, molecules):
    grammar = grammar_named(name)
    written = written_labels(grammar)
    assert written.shape == (grammar.n_productions, 10)
    with_rings = 0
    for ids in encode(grammar, molecules[:600], on_invalid="skip").derivations:
        counts = written[ids].astype(int)
        with_rings += counts.any()
        np.testing.assert_array_equal(counts.sum(axis=0) % 2, 0)
    assert with_rings > 100


@pytest.mark.parametrize("name", ["smiles-gvae", "smiles-gvae with motifs"])
def test_none_is_told_where_a_digit_may_be_a_label_or_a_count(name, grammar_named):
    assert written_labels(grammar_named(name)).shape[1] == 0


@pytest.mark.parametrize(
    ("text", "owed"), [("C1CC", {"1"}), ("C1CC2C1", {"2"}), ("C1CCC1", set()), ("C12CC3CC1", {"2", "3"})]
)
def test_a_ring_that_is_left_open_is_owed(text, owed):
    grammar = load_grammar("smiles")
    automaton = automaton_of(grammar)
    assert automaton is not None
    labels = [int(label) for label in automaton.labels[:10]]
    parity = written_labels(grammar)[grammar.parse(text)].sum(axis=0) % 2
    assert {str(label) for label, odd in zip(labels, parity, strict=True) if odd} == owed


def test_labels_with_a_percent_sign():
    grammar = Grammar.from_text(
        "#% language molecules\n%start s\ns -> 'C' '%' '1' '2' s | 'C' '1' s | 'C' '%' '3' d | 'C'\nd -> '1' | '2'",
        "own",
    )
    written = written_labels(grammar)
    assert written.sum(axis=1).tolist() == [1, 1, 0, 0, 1, 1]
    assert written.shape == (6, 4)  # 1, 12, 31 and 32
    assert not (written[1] & (written[0] | written[4])).any()


def test_digits_in_brackets_are_no_labels():
    grammar = load_grammar("smiles")
    parity = written_labels(grammar)[grammar.parse("[NH3+]CC1CC1")].sum(axis=0)
    assert parity.sum() == 2


def test_a_language_without_an_automaton_has_none():
    grammar = load_grammar("arithmetic")
    assert written_labels(grammar).shape == (grammar.n_productions, 0)
