"""The exact process, the views and what a ranking makes of them."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, spearmanr

from grae.grammar import load_grammar
from grae.grammar.codec import Derivations, encode
from grae.grammar.counting import sample_uniform
from grae.optimization.process import Process
from grae.optimization.ranking import Ranking, join_rows, outcomes_of, take_rows
from grae.optimization.views import PointView, meaning, structure
from grae.targets.named import target_named

ARITHMETIC = load_grammar("arithmetic")
DERIVATIONS = Derivations.from_list(sample_uniform(ARITHMETIC, 300, 11, 0), ARITHMETIC.dtype)
TEXTS = [ARITHMETIC.unparse(ids) for ids in DERIVATIONS]


def squared_exponential(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * (one[:, None] - other) ** 2)


def test_the_posterior_is_that_of_the_joint_normal():
    rng = np.random.default_rng(0)
    known, new = rng.uniform(-3, 3, 8), rng.uniform(-3, 3, 5)
    values = np.sin(known)
    process = Process(squared_exponential(known, known), values, noise=0.01)
    gram = squared_exponential(known, known) + 0.01 * np.eye(8)
    cross = squared_exponential(new, known)
    inverse = np.linalg.inv(gram)
    mean = inverse.sum(axis=0) @ values / inverse.sum()
    amplitude = (values - mean) @ inverse @ (values - mean) / 8
    expected = mean + cross @ inverse @ (values - mean)
    covariance = amplitude * (squared_exponential(new, new) - cross @ inverse @ cross.T)
    found, deviation = process.moments(cross)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    np.testing.assert_allclose(deviation, np.sqrt(np.diag(covariance)), rtol=1e-6)
    drawn = process.draw(cross, squared_exponential(new, new), 40_000, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.02)

    def likelihood(noise: float) -> float:
        process = Process(squared_exponential(known, known), values, noise)
        gram = process.amplitude * (squared_exponential(known, known) + noise * np.eye(8))
        normal = multivariate_normal(np.full(8, process.mean), gram)  # pyright: ignore[reportArgumentType]
        return float(normal.logpdf(values)) - process.log_evidence

    assert likelihood(0.01) == pytest.approx(likelihood(0.5))  # the evidence is the likelihood up to a constant


def test_equal_rows_do_not_break_the_process():
    process = Process(np.ones((5, 5)), np.arange(5.0), noise=1e-15)
    mean, deviation = process.moments(np.ones((2, 5)))
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()


def test_outcomes_keep_the_distances_of_the_best_and_clip_the_worst():
    outcomes = outcomes_of(np.array([-1e9, -1e3, 0.0, 1.0, 2.0, 3.0, 4.0]))
    assert outcomes[0] == outcomes[1] <= outcomes[2]
    np.testing.assert_allclose(np.diff(outcomes[3:]), outcomes[4] - outcomes[3])
    assert outcomes.mean() == pytest.approx(0)
    assert outcomes.std() == pytest.approx(1)
    assert np.isfinite(outcomes_of(np.full(4, 2.0))).all()


@pytest.mark.parametrize(("view", "least"), [(structure(ARITHMETIC), 0.5), (meaning(ARITHMETIC), 0.8)])
def test_a_ranking_predicts_strings_it_has_not_seen(view, least: float):
    scores = target_named("log-mse").evaluate(TEXTS)
    rows = np.flatnonzero(np.isfinite(scores))
    texts, derivations = [TEXTS[row] for row in rows], DERIVATIONS[rows]
    features = view.features(texts, derivations)
    known, new = np.arange(0, len(rows), 2), np.arange(1, len(rows), 2)
    ranking = Ranking([view], [take_rows(features, known)], -scores[rows][known])
    mean, deviation = ranking.moments([take_rows(features, new)])
    assert spearmanr(mean, -scores[rows][new])[0] > least  # pyright: ignore[reportArgumentType, reportOperatorIssue]
    of_known = ranking.moments([take_rows(features, known)])[1]
    assert np.median(of_known) < np.median(deviation)


def test_a_sum_of_views_and_both_acquisitions_take_distinct_candidates():
    scores = target_named("log-mse").evaluate(TEXTS)
    rows = np.flatnonzero(np.isfinite(scores))
    views = [
        structure(ARITHMETIC),
        PointView(lambda texts, derivations: np.array([[len(text)] for text in texts], float)),
    ]
    texts = [TEXTS[row] for row in rows]
    features = [view.features(texts, DERIVATIONS[rows]) for view in views]
    known, new = np.arange(40), np.arange(40, len(rows))
    ranking = Ranking(views, [take_rows(one, known) for one in features], -scores[rows][known])
    candidates = [take_rows(one, new) for one in features]
    for acquisition in ("improvement", "ucb", "thompson"):
        taken, again = (ranking.take(candidates, 6, np.random.default_rng(0), acquisition) for _ in range(2))
        assert taken == again
        assert len(set(taken)) == 6
    few = [take_rows(one, new[:3]) for one in features]
    assert len(ranking.take(few, 6, np.random.default_rng(0), "ucb")) == 3
    assert len(ranking.take(few, 6, np.random.default_rng(0), "thompson")) == 3


def test_rows_of_features_are_taken_and_joined():
    counts = structure(ARITHMETIC).features(TEXTS, DERIVATIONS)
    values = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(join_rows([values[:1], values[1:]]), values)
    joined = join_rows([take_rows(counts, np.arange(100)), take_rows(counts, np.arange(100, 300))])
    np.testing.assert_array_equal(joined.keys, counts.keys)


def test_molecules_are_compared_by_their_fingerprints():
    smiles = load_grammar("smiles")
    texts = ["CCO", "CCCO", "c1ccccc1", "OCC"]
    view = meaning(smiles)
    assert view is not None
    features = view.features(texts, encode(smiles, texts).derivations)
    compared = view.compare(features, features)
    similar = compared[..., 0]
    assert similar[0, 3] == 1
    assert similar[0, 1] > similar[0, 2]
    np.testing.assert_array_equal(view.compare_itself(features), np.moveaxis(compared.diagonal(), -1, 0))


def test_a_sum_of_features_is_extrapolated():
    """Chains of carbon score by their length: the longer ones are predicted to be better, by a linear kernel."""
    smiles = load_grammar("smiles")
    texts = ["C" * n for n in range(2, 12)] + ["C" * n + "O" for n in range(1, 9)]
    view = meaning(smiles)
    assert view is not None
    features = view.features(texts, encode(smiles, texts).derivations)
    ranking = Ranking([view], [features], np.array([len(text) - 3.0 * text.count("O") for text in texts]))
    longer = ["C" * n for n in (14, 18, 22)]
    mean, _ = ranking.moments([view.features(longer, encode(smiles, longer).derivations)])
    assert mean[2] > mean[1] > mean[0] > ranking.best
    assert meaning(load_grammar("smiles").from_text("S -> 'a' S | 'b'")) is None
