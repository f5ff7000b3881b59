"""What the productions of a derivation write."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DerivationError
from grae.grammar import load_grammar
from grae.grammar.codec import decode, encode
from grae.grammar.counting import sample_uniform
from grae.grammar.motifs import apply_motifs, learn_motifs
from grae.grammar.walk import terminals, text_and_steps

ARITHMETIC = load_grammar("arithmetic")


@given(st.integers(0, 10_000))
def test_the_steps_together_write_the_string(seed: int):
    (ids,) = sample_uniform(ARITHMETIC, 1, 14, seed)
    text, steps = text_and_steps(ARITHMETIC, ids)
    assert text == ARITHMETIC.unparse(ids)
    assert len(steps) == len(text)
    assert set(steps) <= set(range(len(ids)))


def test_a_production_writes_its_own_terminals():
    ids = ARITHMETIC.parse("sin(x)+1")
    for step, production in enumerate(ids):
        wrote = [terminal for terminal, owner in terminals(ARITHMETIC, ids) if owner == step]
        assert wrote == [symbol for symbol in ARITHMETIC.productions[production].rhs if isinstance(symbol, str)]


def test_a_motif_writes_what_its_parts_wrote():
    derivations = encode(ARITHMETIC, ["sin(x)+1", "sin(x)*2", "sin(x)/x", "sin(x)"]).derivations
    grammar = ARITHMETIC.extend(learn_motifs(ARITHMETIC, derivations, 3))
    short = apply_motifs(grammar, derivations)
    assert decode(grammar, short) == decode(ARITHMETIC, derivations)
    ids = short[3]
    (step,) = np.flatnonzero(np.asarray(ids) >= ARITHMETIC.n_productions)[:1]
    text, steps = text_and_steps(grammar, ids)
    assert text == "sin(x)"
    assert steps.count(int(step)) > 1


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (lambda ids: ids[:-1], "ends before"),
        (lambda ids: [*ids, ids[-1]], "continues after"),
        (lambda ids: [ids[-1], *ids[1:]], "does not expand"),
        (lambda ids: [-1, *ids[1:]], "does not expand"),
        (lambda ids: [999, *ids[1:]], "does not expand"),
    ],
)
def test_what_is_no_derivation_is_refused(ids, reason: str):
    with pytest.raises(DerivationError, match=reason):
        text_and_steps(ARITHMETIC, ids(ARITHMETIC.parse("sin(x)+1").tolist()))
