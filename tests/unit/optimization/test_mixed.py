"""The mixed search on a small model: its parts alone and together."""

from typing import Any

import numpy as np
import pytest

import grae
from grae.errors import SettingsError
from grae.grammar import Grammar, codec, load_grammar
from grae.grammar.moves import Moves
from grae.optimization.bandit import Bandit
from grae.optimization.candidates import Known
from grae.optimization.limits import Limits, symbols
from grae.optimization.population import Reader, Strings, by_levels, ranks
from grae.optimization.predictions import Predictions
from grae.optimization.proposers import Basis, DensitySamples, DerivationMoves, LatentSteps, Regrowth
from grae.optimization.ranking import Ranker
from grae.optimization.screen import Screen
from grae.optimization.space import LatentSpace
from grae.targets.named import target_named

ARITHMETIC = load_grammar("arithmetic")
TARGET = target_named("log-mse")


def search(model: Any, expressions: list[str], **changes: Any) -> Any:
    options = {"rounds": 3, "batch_size": 4, "start": expressions, "half": "worst-half", "seed": 1}
    return grae.optimize(model, "log-mse", **{**options, **changes})


@pytest.fixture(scope="module")
def space(model) -> LatentSpace:
    return LatentSpace(model)


def basis(reader: Reader, expressions: list[str]) -> Basis:
    scores = TARGET.evaluate(expressions)
    order = np.argsort(np.where(np.isnan(scores), np.inf, scores))
    texts = [expressions[row] for row in order if np.isfinite(scores[row])]
    strings, rows = reader.read(texts, [form or "" for form in reader.valid(texts)])
    values = -TARGET.evaluate(strings.texts)
    assert rows == list(range(len(texts)))
    return Basis(strings, values, Known([*strings.texts, *strings.forms]), set())


@pytest.mark.parametrize("name", ["latent", "derivation", "density", "regrowth"])
@pytest.mark.parametrize("ranked", [False, True])
def test_proposers_find_new_strings_that_keep_the_limits(space, expressions, name: str, ranked: bool):
    reader = Reader(space, Screen(Limits(most_symbols=7)))
    known = basis(reader, expressions)
    latent = LatentSteps(space, reader, portion=60)
    proposer: Any = {
        "latent": latent,
        "derivation": DerivationMoves(reader, Moves(reader.grammar), max_length=30, children=60, generations=2),
        "density": DensitySamples(space, reader),
        "regrowth": Regrowth(space, reader),
    }[name]
    latent.learn(known.strings.texts, np.arange(len(known.strings)) < 50)
    lengths = (lambda strings: -np.array([len(text) for text in strings.texts], float)) if ranked else None
    found = proposer.propose(known, 5, lengths, np.random.default_rng(0))
    assert len(found.strings) >= 5
    assert len(found.strings) <= found.valid <= found.attempts
    assert symbols(reader.grammar, found.strings.derivations).max() <= 7
    assert len(set(found.strings.forms)) == len(found.strings)
    assert not set(found.strings.forms) & set(known.strings.forms)
    assert set(found.strings.forms) <= known.here
    assert codec.decode(reader.grammar, found.strings.derivations) == found.strings.texts
    later = known._replace(known=Known([*known.known.held, *found.strings.forms]), here=set())
    again = proposer.propose(later, 5, lengths, np.random.default_rng(0))
    assert not set(again.strings.forms) & set(found.strings.forms)


def test_latent_steps_start_from_codes_that_decode_to_the_best(space, expressions):
    reader = Reader(space, Screen(Limits()))
    texts = basis(reader, expressions).strings.texts[:60]
    leading = np.arange(len(texts)) % 2 == 0
    steps = LatentSteps(space, reader)
    steps.learn(texts, leading)

    def come_back() -> tuple[int, int]:
        decoded = space.decode(np.stack([steps._points[text] for text in texts]))
        back = np.array([text == other for text, other in zip(texts, decoded, strict=True)])
        return int(back[leading].sum()), int(back[~leading].sum())

    own = space.points(space.encode(texts))
    np.testing.assert_allclose(np.stack([steps._points[text] for text in texts])[~leading], own[~leading], atol=1e-5)
    before = come_back()
    assert before[0] > before[1] + 3
    steps.move(LatentSpace(space.model))
    assert come_back() == before


def test_children_of_children_reach_what_the_utility_asks_for(space, expressions):
    reader = Reader(space, Screen(Limits()))
    known = basis(reader, expressions)

    def sines(strings) -> np.ndarray:
        return np.array([text.count("sin") for text in strings.texts], float)

    most = sines(known.strings).max()
    proposer = DerivationMoves(reader, Moves(reader.grammar), max_length=40, children=150, generations=5)
    found = proposer.propose(known, 5, sines, np.random.default_rng(0))
    assert sines(found.strings).max() > most + 2


def test_each_candidate_is_predicted_once(space, expressions):
    strings = basis(Reader(space, Screen(Limits())), expressions).strings
    strings = strings.rows(np.unique(strings.forms, return_index=True)[1])
    looked_at: list[str] = []

    class Lengths(Ranker):
        def moments(self, candidates: Any) -> Any:
            return np.array(candidates[0], float), np.ones(len(candidates[0]))

    def features(some: Strings) -> list[Any]:
        looked_at.extend(some.texts)
        return [[len(text) for text in some.texts]]

    predictions = Predictions(Lengths(), features)
    for rows in (np.arange(5), np.array([7, 3, 5]), np.array([5, 0]), np.array([], int)):
        some = strings.rows(rows)
        assert predictions.moments(some)[0].tolist() == [len(text) for text in some.texts]
        assert len(predictions.moments(some)[1]) == len(rows)
    assert looked_at == strings.rows(np.array([0, 1, 2, 3, 4, 7, 5])).texts


def test_the_better_are_drawn_more_often_and_a_plateau_counts_once():
    rng = np.random.default_rng(0)
    drawn = np.bincount(ranks(1000, 30_000, rng), minlength=1000)
    assert drawn[0] > 2000
    assert 0.8 < drawn[9:99].sum() / drawn[99:999].sum() < 1.25  # a tenth part as often as the next
    assert ranks(1, 3, rng).tolist() == [0, 0, 0]
    values = np.concatenate([np.full(500, 5.0), [4.0], np.linspace(3, 0, 600)])
    places = by_levels(values, 20_000, rng)
    assert places.min() >= 0
    assert places.max() < len(values)
    plateau = places < 500
    assert 0.05 < plateau.mean() < 0.4
    assert np.bincount(places[plateau], minlength=500).max() < 60
    assert (places == 500).mean() > 0.03
    assert set(by_levels(np.zeros(3), 100, rng)) == {0, 1, 2}


def test_the_bandit_favors_what_succeeds_and_forgets():
    bandit, rng = Bandit(["a", "b"]), np.random.default_rng(0)
    for _ in range(30):
        for name in ("a", "b"):
            bandit.tell(name, name == "a")
        bandit.tell("unknown", True)
        bandit.age()

    def share() -> float:
        return sum(bandit.quotas(10, rng).get("a", 0) for _ in range(60)) / 600

    assert 0.8 < share() < 1
    for _ in range(30):
        for name in ("a", "b"):
            bandit.tell(name, name == "b")
        bandit.age()
    assert 0 < share() < 0.2
    assert sum(Bandit(["only"]).quotas(7, rng).values()) == 7
    held = Bandit(["a", "b"], {"b": 0.4})
    for _ in range(30):
        for name in ("a", "b"):
            held.tell(name, name == "a")
    assert 0.4 < sum(held.quotas(10, rng).get("b", 0) for _ in range(100)) / 1000 < 0.5


@pytest.mark.parametrize(
    ("options", "proposers"),
    [
        ({}, {"latent", "derivation", "unranked", "density"}),
        ({"propose": "derivation", "surrogate": "structure"}, {"derivation", "unranked"}),
        ({"propose": "latent", "surrogate": "codes"}, {"latent", "density"}),
        ({"surrogate": "meaning+structure+codes"}, {"latent", "derivation", "unranked", "density"}),
        ({"surrogate": "none"}, {"latent", "derivation", "density"}),
        ({"strategy": "genetic"}, {"derivation"}),
    ],
)
def test_every_combination_searches_new_strings(model, expressions, options, proposers):
    result = search(model, expressions, **options)
    records = result.records.records
    assert len(records) == 12
    assert {record.proposer for record in records} <= proposers
    strings = [record.string for record in records]
    assert len(set(strings)) == 12
    assert not set(strings) & set(result.start.texts)  # the better half of the expressions is not among them
    assert all(0 <= record.decoded_valid <= record.attempts for record in records)
    again = search(model, expressions, **options).records.records
    assert [record.string for record in again] == strings


def test_a_string_that_the_model_cannot_encode_has_no_code(model, expressions, tmp_path, monkeypatch):
    encoded = LatentSpace.encoded

    def short(space: LatentSpace, texts: list[str], refine: int = 0) -> tuple[np.ndarray, np.ndarray]:
        encodable, codes = encoded(space, texts, refine=refine)
        fits = np.array([len(text) <= 12 for text in texts], bool)
        return encodable & fits, codes[fits[encodable]]

    monkeypatch.setattr(LatentSpace, "encoded", short)
    options: dict[str, Any] = {"batch_size": 4, "start": expressions, "seed": 1, "out": tmp_path, "most_symbols": 120}
    result = grae.optimize(model, len, **options, rounds=4)
    assert max(len(record.string or "") for record in result.records) > 12
    assert all((record.code == ()) == (len(record.string or "") > 12) for record in result.records)
    assert (np.isnan(result.codes).all(axis=1) == [record.code == () for record in result.records]).all()
    resumed = grae.optimize(model, len, **options, rounds=5, resume=True)
    assert resumed.records.records[:16] == result.records.records


def test_a_function_of_ones_own_is_a_surrogate(model, expressions):
    seen: list[int] = []

    def letters(texts: list[str]) -> np.ndarray:
        seen.append(len(texts))
        return np.array([[text.count(letter) for letter in "x123+*"] for text in texts], float)

    assert search(model, expressions, propose="derivation", surrogate=letters).calls == 12
    assert sum(seen) > len(expressions) / 4


def test_a_language_without_meaning_is_searched_by_structure():
    grammar = Grammar.from_text("S -> 'a' S | 'b' S | '(' S ')' S |\n", "own")
    texts = [text for text in ("ab", "ba", "(a)b", "aab", "b(b)", "(ab)", "bab", "aa", "bb", "a(ba)b") for _ in (0,)]
    settings: dict[str, Any] = {"preset": "quick", "epochs": 2, "latent_dim": 4, "batch_size": 8, "device": "cpu"}
    model = grae.GrammarAutoencoder(grammar, **settings).fit(texts)
    result = grae.optimize(model, lambda text: text.count("(ab"), start=texts, rounds=6, batch_size=3, most_symbols=20)
    assert result.found[0].score is not None
    assert result.found[0].score >= 2
    with pytest.raises(SettingsError, match="does not say what its strings mean"):
        grae.optimize(model, len, start=texts, surrogate="meaning")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"surrogate": "sense"}, "unknown surrogate"),
        ({"propose": "density"}, "unknown propose"),
        ({"strategy": "random", "propose": "both"}, "requires the strategy mixed"),
        ({"strategy": "genetic", "surrogate": "codes"}, "requires the strategy mixed"),
        ({"most_atoms": 3}, "counts atoms"),
        ({"most_symbols": 0}, "most_symbols"),
        ({"strategy": "paper", "most_symbols": 9}, "no limits of size"),
        ({"attempts": 3}, "requires the strategy paper"),
    ],
)
def test_settings_that_do_not_fit(model, expressions, options, message):
    with pytest.raises(SettingsError, match=message):
        search(model, expressions, **options)


@pytest.mark.parametrize("strategy", ["mixed", "genetic", "random", "trust-region"])
def test_the_limits_hold_for_every_strategy(model, expressions, strategy):
    result = search(model, expressions, strategy=strategy, most_symbols=6)
    derivations = codec.encode(ARITHMETIC, [record.string or "" for record in result.records]).derivations
    assert len(derivations) == 12
    assert symbols(ARITHMETIC, derivations).max() <= 6
