"""What a production writes, in characters and in atoms."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grae.chemistry import atoms_of, read
from grae.grammar import load_grammar
from grae.grammar.codec import decode, encode
from grae.grammar.counting import sample_uniform
from grae.grammar.motifs import apply_motifs, learn_motifs
from grae.report.owners import owners, written_by

ARITHMETIC = load_grammar("arithmetic")


@given(st.integers(0, 10_000))
def test_the_steps_together_write_the_string(seed: int):
    (ids,) = sample_uniform(ARITHMETIC, 1, 14, seed)
    text = ARITHMETIC.unparse(ids)
    each = [written_by(ARITHMETIC, ids, step) for step in range(len(ids))]
    assert {found for found, _ in each} == {text}
    assert np.array([marked for _, marked in each]).sum(axis=0).tolist() == [1] * len(text)


def test_a_production_writes_its_own_terminals():
    ids = ARITHMETIC.parse("sin(x)+1")
    for step, production in enumerate(ids):
        wrote = [terminal for terminal, owner in owners(ARITHMETIC, ids) if owner == step]
        assert wrote == [symbol for symbol in ARITHMETIC.productions[production].rhs if isinstance(symbol, str)]


def test_a_motif_writes_what_its_parts_wrote():
    derivations = encode(ARITHMETIC, ["sin(x)+1", "sin(x)*2", "sin(x)/x", "sin(x)"]).derivations
    grammar = ARITHMETIC.extend(learn_motifs(ARITHMETIC, derivations, 3))
    short = apply_motifs(grammar, derivations)
    assert decode(grammar, short) == decode(ARITHMETIC, derivations)
    ids = short[3]
    (step,) = np.flatnonzero(np.asarray(ids) >= ARITHMETIC.n_productions)[:1]
    text, marked = written_by(grammar, ids, int(step))
    assert text == "sin(x)"
    assert sum(marked) > 1


def test_atoms_stand_where_rdkit_numbers_them():
    for text in (
        "CC(=O)Oc1ccccc1C(=O)O",
        "C[C@@H](N)C(=O)[O-]",
        "[13CH4]",
        "ClCBr.[Na+].[Cl-]",
        "O=[N+]([O-])c1ccc(cc1)S(=O)(=O)NC%10CC%10",
        "[nH]1cccc1",
        "B(O)(O)C#C/C=C/I",
    ):
        molecule = read(text)
        assert molecule is not None
        spelled = [text[place:].lower() for place in atoms_of(text)]
        symbols = [atom.GetSymbol().lower() for atom in molecule.GetAtoms()]
        assert len(spelled) == len(symbols)
        assert all(rest.startswith(symbol) for rest, symbol in zip(spelled, symbols, strict=True))
