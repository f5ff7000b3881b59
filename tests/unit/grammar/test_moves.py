"""Moves between derivations: every child is a derivation of the grammar, within the limit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.errors import DerivationError, SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations, decode, encode
from grae.grammar.counting import sample_uniform
from grae.grammar.motifs import learn_motifs
from grae.grammar.moves import Moves
from grae.grammar.splicing import KINDS

ARITHMETIC = load_grammar("arithmetic")
SMILES = load_grammar("smiles")
NESTED = Grammar.from_text("S -> 'a' S 'b' S | 'c' T |\nT -> S 'd' T | 'e'\n", "nested")  # ambiguous, with empty parts
MOLECULES = ["CC(=O)Oc1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1", "C[N+](C)(C)CC(=O)[O-]", "OCC1OC(O)C(O)C(O)C1O"]


def sampled(grammar: Grammar, n: int, longest: int) -> Derivations:
    return Derivations.from_list(sample_uniform(grammar, n, longest, 0), grammar.dtype)


PARENTS = {
    "arithmetic": (ARITHMETIC, sampled(ARITHMETIC, 50, 12)),
    "smiles": (SMILES, encode(SMILES, MOLECULES).derivations),
    "nested": (NESTED, sampled(NESTED, 30, 9)),
}


def only(kind: str) -> tuple[float, float, float, float]:
    return tuple(float(name == kind) for name in KINDS)  # pyright: ignore[reportReturnType]


def family(name: str, shares: tuple[float, float, float, float], seed: int, most: int, n: int = 200) -> Derivations:
    grammar, derivations = PARENTS[name]
    moves = Moves(grammar, derivations, shares=shares)
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(derivations), size=(2, n))
    return moves.children(moves.parents(derivations), rows[0], rows[1], rng, max_length=most)


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), most=st.integers(1, 60))
def test_every_child_is_a_derivation_within_the_limit(name: str, kind: str, seed: int, most: int):
    grammar = PARENTS[name][0]
    children = family(name, only(kind), seed, most)
    assert children.ids.dtype == grammar.dtype
    assert children.lengths.max(initial=0) <= most
    assert children.lengths.min(initial=1) >= 1
    texts = decode(grammar, children)  # raises where an id does not belong
    again = encode(grammar, texts).derivations
    assert decode(grammar, again) == texts
    if name != "nested":  # no string of the others has two derivations
        np.testing.assert_array_equal(again.ids, children.ids)


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_move_makes_something_new(name: str, kind: str):
    grammar, derivations = PARENTS[name]
    children = family(name, only(kind), 1, 60)
    assert len(children) > 100
    assert len(set(decode(grammar, children)) - set(decode(grammar, derivations))) > 20


def test_the_same_seed_makes_the_same_children():
    shares = (0.25, 0.25, 0.25, 0.25)
    one, same, other = (family("smiles", shares, seed, 60) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.ids, same.ids)
    np.testing.assert_array_equal(one.offsets, same.offsets)
    assert decode(SMILES, one) != decode(SMILES, other)


def test_segments_insert_delete_and_replace_in_the_middle_of_a_chain():
    derivations = encode(SMILES, ["CCCCCCCC", "CNC"]).derivations
    moves = Moves(SMILES, shares=only("segment"))
    rng = np.random.default_rng(0)
    parents = moves.parents(derivations)
    rows = np.zeros(500, int)
    texts = set(decode(SMILES, moves.children(parents, rows, rows + 1, rng, max_length=40)))
    assert "CCCCNCCCC" in texts  # inserted
    assert "CCCCC" in texts  # deleted
    assert "CCNCC" in texts  # replaced
    assert all(text.startswith("C") and text.endswith("C") for text in texts if len(text) > 9)


def test_a_subtree_drawn_anew_follows_the_counted_productions():
    derivations = encode(ARITHMETIC, ["x+1", "x+1+1", "1"]).derivations
    moves = Moves(ARITHMETIC, derivations, shares=only("regrow"))
    rng = np.random.default_rng(0)
    rows = np.zeros(2000, int)
    text = "".join(decode(ARITHMETIC, moves.children(moves.parents(derivations), rows, rows, rng, max_length=9)))
    assert text.count("1") > 10 * text.count("2")
    assert text.count("2") > 0


def test_what_moves_refuse():
    motifs = learn_motifs(ARITHMETIC, PARENTS["arithmetic"][1], 3)
    with pytest.raises(SettingsError, match="has motifs"):
        Moves(ARITHMETIC.extend(motifs))
    broken = Derivations.from_list([[0, 1]], ARITHMETIC.dtype)
    with pytest.raises(DerivationError):
        Moves(ARITHMETIC).parents(broken)
    with pytest.raises(DerivationError):
        Moves(ARITHMETIC, broken)
