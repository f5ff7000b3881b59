"""The published shares of valid strings, on a model whose decoder is known."""

import numpy as np
import pytest

from grae import GrammarAutoencoder
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.reproduction.validity import published_validity

GRAMMAR = load_grammar("arithmetic")
TEXTS = [GRAMMAR.unparse(ids) for ids in sample_uniform(GRAMMAR, 200, 9, 0)]


@pytest.fixture(scope="module")
def model() -> GrammarAutoencoder:
    return GrammarAutoencoder(GRAMMAR, preset="quick", epochs=2, latent_dim=4, device="cpu").fit(TEXTS)


def test_shares_of_draws_and_of_points(model, monkeypatch):
    known = [["x", None, "exp(exp(exp(exp(9))))"], [None, None, None], ["x+", "2", "exp(exp(exp(exp(9))))"]]
    known = [[text and text.replace("9", "3") for text in row] for row in known]
    monkeypatch.setattr(model, "decodings", lambda codes, draws, seed: known)
    names = []
    rows = published_validity(model, model.transform(TEXTS), points=3, draws=3, done=names.append)
    assert names == [row.codes for row in rows] == ["N(0, I)", "Gaussian", "GMM-10", "box"]
    for row in rows:
        assert (row.points, row.draws) == (3, 3)
        assert (row.complete, row.in_language, row.valid) == pytest.approx((5 / 9, 4 / 9, 2 / 9))
        assert (row.points_complete, row.points_in_language, row.points_valid) == pytest.approx((2 / 3,) * 3)


def test_points_lie_where_they_are_said_to_lie(model, monkeypatch):
    codes = []
    decodings = model.decodings
    monkeypatch.setattr(model, "decodings", lambda z, n, seed: codes.append(z) or decodings(z, n, seed=seed))
    training = model.transform(TEXTS)
    rows = published_validity(model, training, points=400, draws=2, seed=1)
    normal, gaussian, _, box = codes
    assert np.abs(normal.mean(axis=0)).max() < 0.2
    np.testing.assert_allclose(gaussian.mean(axis=0), training.mean(axis=0), atol=0.3 * training.std())
    assert (box >= training.min(axis=0)).all()
    assert (box <= training.max(axis=0)).all()
    assert all(0 < row.valid <= row.in_language == row.complete <= row.points_complete <= 1 for row in rows)
    assert rows == published_validity(model, training, points=400, draws=2, seed=1)
