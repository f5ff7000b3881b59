"""The latent space in standard units, and what makes strings the same."""

import numpy as np
import pytest

from grae.optimization import space as space_module
from grae.optimization.candidates import Candidates, Known, shared
from grae.optimization.space import LatentSpace


@pytest.fixture(scope="module")
def space(model) -> LatentSpace:
    return LatentSpace(model)


def test_codes_and_points_are_inverse(space, expressions):
    codes = space.encode(expressions[:50])
    np.testing.assert_allclose(space.codes(space.points(codes)), codes, atol=1e-5)
    assert space.points(codes).dtype == np.float64
    assert space.encode([]).shape == (0, space.dim)
    assert space.decode(np.empty((0, space.dim))) == []


def test_points_have_standard_units(space, model):
    points = space.points(model.density_named(None).sample(4000, 5))
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(points.std(axis=0), 1, atol=0.1)


def test_expressions_are_the_same_where_their_values_are(space):
    one, same, other, invalid, too = space.identities(["x+x", "2*x", "x*x", "1/(x-x)", "(x)+x"])
    assert one == same == too
    assert other != one
    assert invalid is None


def test_what_is_told_to_the_decoder_reaches_it(model):
    class Recording:
        """A model that notes how it is asked to decode."""

        language_grammar_ = model.language_grammar_
        density_named = model.density_named

        def inverse_transform(self, codes, **options):
            self.asked = options
            return ["x"] * len(codes)

    recording = Recording()
    space = LatentSpace(recording, {"constraints": "rings"})  # pyright: ignore[reportArgumentType]
    assert space.decode(np.zeros((2, space.dim)), temperature=0.5, seed=7) == ["x", "x"]
    assert recording.asked == {"temperature": 0.5, "seed": 7, "constraints": "rings"}


def test_strings_that_the_model_cannot_encode(space, monkeypatch):
    long = "+".join("x" * 40)
    told: list[float] = []
    monkeypatch.setattr(space_module, "CHUNK", 3)
    kept, codes = space.encoded(["x", long, "y", "x*x"], told.append)
    assert kept.tolist() == [True, False, False, True]
    assert told == [0.75, 1.0]
    np.testing.assert_allclose(codes, space.encode(["x", "x*x"]), atol=1e-5)
    kept, codes = space.encoded([])
    assert (len(kept), codes.shape) == (0, (0, space.dim))


def test_candidates_are_distinct_new_and_encoded(space, expressions):
    points = space.points(space.encode(expressions[:200]))
    found = Candidates()
    found.decode(space, np.repeat(points, 2, axis=0), Known([]), temperature=0.0, seed=0)
    assert (found.attempts, len(found)) == (400, len(set(found.forms)))
    assert found.forms == space.identities(found.texts)
    np.testing.assert_allclose(found.codes, space.encode(found.texts), atol=1e-5)
    known = Known(found.texts[:3])
    known.add(*found.forms[3:6], None)
    fresh = Candidates()
    fresh.decode(space, points, known, temperature=0.0, seed=0)
    assert not set(fresh.forms) & set(found.forms[3:6])
    assert not set(fresh.texts) & set(found.texts[:3])
    before = list(fresh.texts)
    fresh.decode(space, points, known, temperature=0.0, seed=0)
    assert fresh.texts == before
    assert fresh.attempts == 400


def test_attempts_areshared_out(space, expressions):
    found = Candidates()
    found.decode(space, space.points(space.encode(expressions[:50])), Known([]), temperature=0.0, seed=0)
    proposals = found.proposals([4, 1, 2])
    assert [proposal.text for proposal in proposals] == [found.texts[place] for place in (4, 1, 2)]
    assert sum(proposal.attempts for proposal in proposals) == 50
    assert sum(proposal.decoded_valid for proposal in proposals) == found.decoded_valid
    assert shared(7, 3) == [3, 2, 2]
    assert found.proposals([]) == []
