"""Whatever is preferred, each derivation under the constraint ends in a molecule; and molecules are not refused."""

import os

import numpy as np
import pytest
from constrained_reading import ALLOWED, first_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.chemistry import problem, read
from grae.constraints import ConstrainedPushdown, Constraint, constraint_of
from grae.errors import SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations, decode, encode

GRAMMARS = ("smiles", "smiles-gvae", "smiles with motifs", "smiles-gvae with motifs")


def constraint(grammar: Grammar, max_length: int) -> Constraint:
    found = constraint_of(grammar, max_length)
    assert found is not None
    return found


def decoded(under: Constraint, scores) -> list[str]:
    """Decodes by scores (B, S) float32 for each step, and reads the strings back with the grammar."""
    first = scores(0)
    machine = ConstrainedPushdown(under, len(first))
    grammar, rows = under.grammar, [[] for _ in first]
    for step in range(under.max_length):
        for row, production in zip(rows, machine.expand(first if step == 0 else scores(step)), strict=True):
            if production >= 0:
                row.append(production)
    assert (machine.current < 0).all()
    assert max(map(len, rows)) <= under.max_length
    return decode(grammar, Derivations.from_list([np.array(row) for row in rows], grammar.dtype))


def random_scores(grammar: Grammar, batch: int, seed: int, spread: float):
    """Normal scores for each step; `spread` is how much one and the same production is preferred all along."""
    draw = np.random.default_rng(seed)
    liked = spread * draw.normal(size=grammar.n_symbols)
    return lambda step: (draw.normal(size=(batch, grammar.n_symbols)) + liked).astype(np.float32)


@pytest.mark.parametrize("name", GRAMMARS)
@given(max_length=st.integers(8, 70), seed=st.integers(0, 2**32), spread=st.sampled_from([0.0, 0.3, 1.0, 3.0, 100.0]))
@settings(max_examples=12)
def test_every_string_is_a_molecule(grammar_named, name, max_length, seed, spread):
    grammar = grammar_named(name)
    under = constraint(grammar, max_length)
    for text in decoded(under, random_scores(grammar, 24, seed, spread)):
        assert read(text) is not None, (text, problem(text))


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAMMARS)
def test_every_one_of_many_strings_is_a_molecule(grammar_named, name):
    """GRAE_SCALE multiplies the forty thousand of each grammar."""
    grammar = grammar_named(name)
    rounds = int(20 * float(os.environ.get("GRAE_SCALE", "1")))
    for turn in range(rounds):
        for spread, max_length in ((0.0, 20), (0.5, 40), (2.0, 60), (10.0, 100)):
            scores = random_scores(grammar, 500, 1000 * turn + max_length, spread)
            broken = [text for text in decoded(constraint(grammar, max_length), scores) if read(text) is None]
            assert broken == []


@pytest.mark.parametrize("name", GRAMMARS)
def test_any_length_that_admits_a_molecule_works(grammar_named, name):
    grammar = grammar_named(name)
    shortest = int(grammar.tables.shortest[grammar.tables.start])
    with pytest.raises(SettingsError, match=f"at most {shortest - 1} productions"):
        constraint(grammar, shortest - 1)
    for limit in range(shortest, shortest + 10):
        texts = decoded(constraint(grammar, limit), random_scores(grammar, 50, limit, 1.0))
        assert all(read(text) is not None for text in texts)


@pytest.mark.parametrize(("name", "most"), [("smiles", 0.0), ("smiles-gvae", 0.02), *((n, 0.02) for n in GRAMMARS[2:])])
def test_molecules_are_not_refused(grammar_named, molecules, name, most):
    """Within the length of the longest. A plan may be missed, or be longer than the molecule; that must be rare."""
    grammar = grammar_named(name)
    texts = [text for text in molecules if "->" not in text][:1000]
    derivations = encode(grammar, texts, on_invalid="skip").derivations
    under = constraint(grammar, int(derivations.lengths.max()))
    refused = first_refused(under, derivations) != ALLOWED
    assert refused.mean() <= most


@pytest.mark.parametrize("name", GRAMMARS)
def test_what_is_allowed_anyway_is_not_changed(grammar_named, molecules, name):
    """Led through a molecule by high scores, the decoder makes that molecule."""
    grammar = grammar_named(name)
    derivations = encode(grammar, molecules[:300], on_invalid="skip").derivations
    under = constraint(grammar, int(derivations.lengths.max()) + 8)
    kept = derivations[(first_refused(under, derivations) == ALLOWED).nonzero()[0]]
    assert len(kept) > 250
    ids = kept.padded(np.arange(len(kept)), grammar.pad, under.max_length).astype(np.int64)
    draw = np.random.default_rng(0)

    def scores(step: int) -> np.ndarray:
        found = draw.normal(size=(len(kept), grammar.n_symbols)).astype(np.float32)
        found[np.arange(len(kept)), ids[:, step]] += 100
        return found

    assert decoded(under, scores) == decode(grammar, kept)


@pytest.mark.parametrize("text", ["c1ccccc1", "C1CC", "CC(C)(C)(C)C", "C=O=C", "C1C1"])
def test_a_string_that_is_no_molecule_is_refused_where_it_goes_wrong(text):
    grammar = load_grammar("smiles")
    derivations = encode(grammar, [text, "CCO", "C"]).derivations
    step, *rest = first_refused(constraint(grammar, 40), derivations)
    assert 0 <= step < len(derivations[0])
    assert rest == [ALLOWED, ALLOWED]


def test_a_derivation_longer_than_the_limit_is_refused():
    grammar = load_grammar("smiles")
    derivations = encode(grammar, ["CCCC", "CCCCCCC"]).derivations
    assert first_refused(constraint(grammar, 6), derivations).tolist() == [ALLOWED, 5]


def test_a_grammar_whose_strings_are_no_molecules_in_this_form_is_an_error():
    grammar = Grammar.from_text("#% language molecules\nring -> 'c' ring | 'c'", "rings")
    with pytest.raises(SettingsError, match="no string of grammar 'rings' with at most 30 productions"):
        constraint(grammar, 30)


def test_a_user_s_own_grammar_needs_nothing_but_its_language():
    """Whole groups as terminals, and a nonterminal that must open a ring."""
    grammar = Grammar.from_text(
        """
        #% language molecules
        molecule -> group | group molecule | molecule ring
        ring -> opening molecule '1'
        opening -> '[CH]1C' | 'CC=1' | '[13CH]%12'
        group -> 'C(=O)N' | 'C(F)' | 'C' | 'S(=O)(=O)' | '[N+](C)(C)' | 'O' | '=' group | '(' molecule ')' | '%12'
        """,
        "groups",
    )
    texts = decoded(constraint(grammar, 30), random_scores(grammar, 2000, 0, 0.5))
    assert all(read(text) is not None for text in texts)
    assert sum("1" in text for text in texts) > 100


def test_a_tie_and_minus_infinity_are_no_trouble():
    grammar = load_grammar("smiles")
    under = constraint(grammar, 30)
    for value in (0.0, -np.inf, np.inf):
        texts = decoded(under, lambda step, value=value: np.full((4, grammar.n_symbols), value, np.float32))
        assert all(read(text) is not None for text in texts)
