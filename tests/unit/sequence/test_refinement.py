"""Codes refined until they decode to their strings."""

from typing import Any

import numpy as np
import pytest
import torch

from grae.errors import SettingsError
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder
from grae.sequence.refinement import refined


@pytest.fixture(scope="module")
def trained() -> tuple[GrammarAutoencoder, list[str]]:
    """A model that reconstructs some strings that it was not trained on, and those."""
    grammar = load_grammar("arithmetic")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 600, 9, 0)]
    settings: dict[str, Any] = {"preset": "quick", "latent_dim": 8, "motifs": 0, "epochs": 16, "batch_size": 16}
    model = GrammarAutoencoder(grammar, **settings, architecture={"hidden": 96}, device="cpu")
    return model.fit(texts[:500]), texts[500:]


def test_more_strings_are_reconstructed(trained):
    model, texts = trained
    derivations = model.derive(texts).derivations
    codes = model.encode(derivations)
    before = np.array([one == text for one, text in zip(model.reconstruct(texts), texts, strict=True)])
    weights = [parameter.clone() for parameter in model.network_.parameters()]
    after = refined(model, derivations, codes)
    assert 0 < before.mean() < after.exact.mean() - 0.1
    assert after.codes.dtype == np.float32
    back = model.inverse_transform(after.codes, raw=True)
    assert [one == text for one, text in zip(back, texts, strict=True)] == after.exact.tolist()
    np.testing.assert_array_equal(after.codes[before | ~after.exact], codes[before | ~after.exact])
    for parameter, weight in zip(model.network_.parameters(), weights, strict=True):
        assert parameter.grad is None
        assert torch.equal(parameter, weight)


def test_fewer_steps_repair_fewer(trained):
    model, texts = trained
    derivations = model.derive(texts).derivations
    codes = model.encode(derivations)
    shares = [refined(model, derivations, codes, steps=steps).exact.mean() for steps in (1, 10, 100)]
    assert shares[0] < shares[1] <= shares[2]


def test_each_way_to_encode_takes_steps(trained):
    model, texts = trained
    derivations = model.derive(texts[:50]).derivations
    expected = refined(model, derivations, model.encode(derivations), steps=20).codes
    np.testing.assert_array_equal(model.encode(derivations, refine=20), expected)
    np.testing.assert_array_equal(model.transform(texts[:50], refine=20), expected)
    assert model.reconstruct(texts[:50], refine=20) == model.inverse_transform(expected, raw=True)
    rows = model.transform(["x+", *texts[:50]], on_invalid="nan", refine=20)
    assert np.isnan(rows[0]).all()
    np.testing.assert_array_equal(rows[1:], expected)


def test_no_strings(trained):
    model, _ = trained
    derivations = model.derive(["x"]).derivations[np.arange(0)]
    codes, exact = refined(model, derivations, np.empty((0, 8), np.float32))
    assert codes.shape == (0, 8)
    assert exact.shape == (0,)


def test_negative_steps(trained):
    model, texts = trained
    with pytest.raises(SettingsError, match="refine=-1"):
        model.transform(texts, refine=-1)
