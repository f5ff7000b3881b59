"""The strategies on a small model: what they propose, and what they make of what they are told."""

from collections import Counter
from copy import copy

import numpy as np
import pytest

from grae.density import DENSITIES
from grae.errors import DataError
from grae.optimization import paper as paper_module
from grae.optimization.candidates import Known, Proposal
from grae.optimization.history import Record
from grae.optimization.paper import PaperProtocol
from grae.optimization.space import LatentSpace
from grae.optimization.start import Start
from grae.optimization.strategy import RandomSearch
from grae.optimization.trust_region import RegionSettings, TrustRegion
from grae.targets.curves import WORST
from grae.targets.named import target_named

SMALL = RegionSettings(candidates=150, within=20, neighbors=60, best=40, spread=60, patience=6)
TARGET = target_named("log-mse")


@pytest.fixture(scope="module")
def space(model) -> LatentSpace:
    return LatentSpace(model)


@pytest.fixture(scope="module")
def start(expressions) -> Start:
    return Start(list(expressions), TARGET.evaluate(expressions)).worse_half(maximize=False)


def records(number: int, proposals: list[Proposal], scores: np.ndarray | None = None) -> list[Record]:
    found = TARGET.evaluate([proposal.text or "" for proposal in proposals]) if scores is None else scores
    return [
        Record(
            number, tuple(map(float, one.code)), one.text, None if np.isnan(score) else float(score),
            not np.isnan(score), one.attempts, one.decoded_valid, 0.0,
        )
        for one, score in zip(proposals, found, strict=True)
    ]  # fmt: skip


def region(space, start, **changes) -> TrustRegion:
    options = {"maximize": False, "worst": TARGET.worst, "seed": 3, "settings": SMALL, **changes}
    return TrustRegion(space, start, Known(start.texts), **options)


def test_the_trust_region_proposes_new_strings_with_their_own_codes(space, start):
    search = region(space, start)
    proposals = search.propose(0, 5)
    texts = [proposal.text for proposal in proposals]
    assert len(set(texts)) == 5
    assert not set(texts) & set(start.texts)
    np.testing.assert_allclose([proposal.code for proposal in proposals], space.encode(texts), atol=1e-5)
    again = region(space, start).propose(0, 5)
    assert [proposal.text for proposal in again] == texts
    other = region(space, start, seed=4).propose(0, 5)
    assert [proposal.text for proposal in other] != texts


def test_the_trust_region_improves_on_its_start_and_scores_no_meaning_twice(space, start):
    search = region(space, start)
    found: list[Record] = []
    for number in range(8):
        found += records(number, search.propose(number, 5))
        search.tell(found[-5:])
    scores = [record.score for record in found if record.score is not None]
    assert min(scores) < np.nanmin(start.scores) - 0.5
    forms = space.identities([record.string or "" for record in found])
    assert len(set(forms)) == len(forms) == 40


def test_a_region_is_given_up_and_every_second_sees_everything(space, start):
    search = region(space, start)
    sizes = []
    for number in range(6):
        proposals = search.propose(number, 6)
        search.tell(records(number, proposals, np.full(len(proposals), TARGET.worst)))
        sizes.append((search.regions, len(search.members)))
    assert [regions for regions, _ in sizes] == sorted(regions for regions, _ in sizes)
    assert search.regions > 2
    fresh = [members for regions, members in sizes if regions == 2]
    assert max(fresh) < search.n_start / 2
    assert any(members >= search.n_start for regions, members in sizes if regions == 3)


def test_maximizing_and_invalid_strings(space, start):
    search = region(space, Start(start.texts, -start.scores), maximize=True, worst=-7.0)
    best = search.best
    proposals = search.propose(0, 3)
    search.tell(records(0, proposals, np.array([np.nan, 100.0, -3.0])))
    assert search.best == 100.0 > best
    assert search.values[-3:].tolist() == [-7.0, 100.0, -3.0]


def test_a_standard_unit_is_the_spread_of_the_training_codes(model, expressions):
    """Whatever the model is sampled from: here from N(0, I), which is far wider."""
    narrow = copy(model)
    narrow.settings_ = model.settings_.model_copy(update={"density": "normal"})
    narrow.densities_ = dict(model.densities_)
    codes = 0.08 * np.random.default_rng(0).standard_normal((5000, model.settings_.architecture.latent_dim))
    narrow.densities_["gaussian"] = DENSITIES["gaussian"]().fit(codes.astype(np.float32), 0)
    space = LatentSpace(narrow)
    step = space.codes(np.full((1, space.dim), 0.4)) - space.codes(np.zeros((1, space.dim)))
    np.testing.assert_allclose(step, 0.032, rtol=0.05)


def test_too_few_strings_to_start_from(space, start):
    with pytest.raises(DataError, match="at least 2"):
        region(space, Start(start.texts[:5], np.array([1.0, np.nan, np.nan, np.nan, np.nan])))
    with pytest.raises(DataError, match="at least 10"):
        PaperProtocol(space, Start(start.texts[:5], np.ones(5)), maximize=False, worst=WORST)


def test_random_search_proposes_new_samples(space, start):
    search = RandomSearch(space, Known(start.texts), seed=1)
    first = search.propose(0, 10)
    texts = [proposal.text for proposal in first]
    assert len(set(texts)) == 10
    assert not set(texts) & set(start.texts)
    search.tell(records(0, first))
    assert not set(texts) & {proposal.text for proposal in search.propose(0, 10)}


@pytest.fixture
def quick_paper(monkeypatch):
    monkeypatch.setattr(paper_module, "INDUCING", 30)


def test_the_paper_protocol_proposes_points_of_the_box(space, start, quick_paper):
    search = PaperProtocol(space, start, maximize=False, worst=WORST, attempts=7, seed=0)
    assert len(search.points) == len(search.values) == round(0.9 * len(start.scores))
    assert search.worst == WORST
    assert np.isfinite(search.values).all()
    lower, upper = search.points.min(axis=0), search.points.max(axis=0)
    proposals = search.propose(0, 4)
    points = space.points(np.array([proposal.code for proposal in proposals]))
    assert (points >= lower - 1e-4).all()
    assert (points <= upper + 1e-4).all()
    assert {proposal.attempts for proposal in proposals} == {7}
    before = len(search.points)
    search.tell(records(0, proposals[:2], np.array([np.nan, 0.5])))
    np.testing.assert_allclose(search.points[before:], points[:2], atol=1e-5)
    assert (-search.values[before:]).tolist() == [search.worst, 0.5]


def test_the_paper_protocol_keeps_the_most_frequent_valid_string(space, start, monkeypatch):
    search = PaperProtocol(space, start, maximize=False, worst=WORST, attempts=5)
    drawn = [["x", "2", "x", None, "x"], [None, "x+", None, None, None], [None, "1/(x/x)", "3", "exp(exp(exp(x)))"] * 2]
    drawn[2][3:] = ["exp(exp(exp(x)))", "exp(exp(exp(x)))"]  # not finite, and in the language
    monkeypatch.setattr(space, "decodings", lambda points, n, **options: drawn)
    found = search._decoded(np.zeros((3, space.dim)), 0)
    assert [one.text for one in found] == ["x", None, "exp(exp(exp(x)))"]
    assert [one.decoded_valid for one in found] == [4, 0, 4]
    assert Counter(one.attempts for one in found) == {5: 3}
