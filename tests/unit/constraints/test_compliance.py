"""Which strings break the rules of their language: as the automaton alone reads them."""

import numpy as np
import pytest
from constrained_reading import first_refused

from grae.constraints import breaks_rules
from grae.constraints.constraint import constraint_of
from grae.constraints.smiles import automaton
from grae.grammar import load_grammar
from grae.grammar.codec import Derivations, decode, encode

FINE = ["C1=CC=CC=C1", "[Fe]<-N", "C~C", "[Pt]1(<-[NH](C)CC[NH]->1C)([Cl])[Cl]", "[Pt@SP](F)(Cl)(Br)I", "CC(=O)O"]
BROKEN = ["c1ccccc1", "CC(C)(C)(C)C", "C1CC", "*1:*:*:*:*:*:1", "[C+16]", "C%(100)CC%(100)", "C1C1"]


@pytest.mark.parametrize("name", ["smiles", "smiles with motifs"])
def test_strings_that_no_decoder_under_the_rules_writes(grammar_named, name):
    grammar = grammar_named(name)
    derivations = encode(grammar, [*FINE, *BROKEN]).derivations
    broken = breaks_rules(grammar, derivations)
    assert broken.tolist() == [False] * len(FINE) + [True] * len(BROKEN)
    constraint = constraint_of(grammar, 64)
    assert constraint is not None
    refused = first_refused(constraint, derivations)
    assert (refused[broken] >= 0).all()
    assert (refused[~broken] < 0).all()


@pytest.mark.parametrize("name", ["smiles", "smiles-gvae with motifs"])
def test_it_agrees_with_the_automaton(grammar_named, molecules, name):
    grammar = grammar_named(name)
    texts = [text[: -1 - (row % 5)] if row % 3 == 0 else text for row, text in enumerate(molecules[::20])]
    derivations = encode(grammar, texts, on_invalid="skip").derivations
    kept = decode(grammar, derivations)
    reader = automaton(kept, 1024)
    assert breaks_rules(grammar, derivations).tolist() == [not reader.reads([row]) for row in range(len(kept))]
    assert 0 < breaks_rules(grammar, derivations).sum() < len(kept)


def test_nothing_is_known_of_other_languages():
    grammar = load_grammar("arithmetic")
    derivations = encode(grammar, ["x+x", "1/x"]).derivations
    assert not breaks_rules(grammar, derivations).any()
    assert (
        breaks_rules(load_grammar("smiles"), Derivations(np.zeros(0, np.uint8), np.zeros(1, np.int64))).tolist() == []
    )
