"""Regrowth: children keep all of a derivation but a part, and are in the language."""

import numpy as np
import pytest

from grae.chemistry import read
from grae.grammar import codec
from grae.grammar.codec import Derivations
from grae.grammar.splicing import subtree_sizes
from grae.sequence.decoding import Decoding
from grae.sequence.regrowth import Regrown, regrow

MOLECULES = ["CC(=O)Nc1ccc(OCC)cc1", "C1CCC(CC1)N(C)CCO", "OC(=O)c1ccccc1OC(C)=O"]


def kept(child: np.ndarray, parent: np.ndarray, sizes: np.ndarray) -> float:
    """The greatest share of a parent that a child has around the place of one subtree."""
    shares = []
    for node, size in enumerate(sizes.tolist()):
        rest = len(parent) - node - size
        gap = len(child) - rest
        if gap >= node and np.array_equal([*child[:node], *child[gap:]], [*parent[:node], *parent[node + size :]]):
            shares.append(1 - size / len(parent))
    return max(shares)  # the root's is 0


def check(model, texts: list[str], children: Regrown) -> None:
    """Children keep more of their parents than of other strings."""
    parents = model.derive(texts).derivations
    own, other = [], []
    for row, child in zip(children.rows.tolist(), children.derivations, strict=True):
        for shift, shares in ((0, own), (1, other)):
            parent = parents[(row + shift) % len(parents)]
            sizes = subtree_sizes(model.grammar_, parent.astype(np.int32), np.array([0, len(parent)]))
            shares.append(kept(child, parent, sizes))
    assert np.mean(own) > np.mean(other) + 0.2


def repeated(derivations: Derivations, times: int) -> Derivations:
    return derivations[np.arange(times * len(derivations)) % len(derivations)]


def test_molecules_are_valid_and_keep_the_rest(molecules_model_of):
    model = molecules_model_of("kekule")
    parents = repeated(model.derive(MOLECULES).derivations, 30)
    codes = model.encode(parents)
    children = regrow(model, parents, codes, np.random.default_rng(0))
    texts = codec.decode(model.grammar_, children.derivations)
    assert 60 < len(texts) <= 90
    assert all(read(text) is not None for text in texts)
    assert len(set(texts)) > 20
    check(model, MOLECULES, children)
    again = regrow(model, parents, codes, np.random.default_rng(0))
    assert codec.decode(model.grammar_, again.derivations) == texts


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_expressions_keep_the_rest(expressions_model, temperature: float):
    model, texts = expressions_model, ["x*sin(x)+1", "exp(x)/2"]
    parents = repeated(model.derive(texts).derivations, 30)
    decoding = Decoding(temperature=temperature, seed=3)
    children = regrow(model, parents, model.encode(parents), np.random.default_rng(1), decoding=decoding)
    check(model, texts, children)
    assert children.rows.tolist() == list(range(60))
    assert len(set(codec.decode(model.grammar_, children.derivations))) > 5


def test_no_child_is_longer_than_the_decoder_writes(expressions_model):
    model = expressions_model
    limit = model.settings_.max_length
    parent = model.grammar_.parse("+".join(["x"] * limit))
    assert len(parent) > limit
    parents = repeated(Derivations.from_list([parent], model.grammar_.dtype), 40)
    codes = np.zeros((40, 8), np.float32)
    children = regrow(model, parents, codes, np.random.default_rng(0))
    assert 0 < len(children.rows) < 40
    assert (children.derivations.lengths <= limit).all()
    assert len(regrow(model, parents[:0], codes[:0], np.random.default_rng(0)).rows) == 0
