"""What an experiment is expected to take: which parts are timed, and how they add up."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grae import GrammarAutoencoder
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.optimization import paper
from grae.reproduction import Scale, duration, reproduce_structured
from grae.reproduction.duration import Duration, Pending, expected, in_words, spelled
from grae.reproduction.scales import Objects

GRAMMAR = load_grammar("arithmetic")
TEXTS = [GRAMMAR.unparse(ids) for ids in sample_uniform(GRAMMAR, 80, 7, 0)]
QUICK: dict[str, Any] = {"preset": "quick", "epochs": 3, "latent_dim": 4, "batch_size": 16}


@pytest.fixture
def scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scale:
    """Two searches of three rounds on a few expressions; little is timed."""
    monkeypatch.setattr(paper, "INDUCING", 20)
    monkeypatch.setattr(duration, "SECONDS", 0.05)
    (tmp_path / "some.txt").write_text("\n".join(TEXTS) + "\n")
    objects = {"expressions": Objects("arithmetic", str(tmp_path / "some.txt"), "log-mse", 3, QUICK)}
    return Scale(objects, trials=2, rounds=3, batch_size=2, start_limit=40, words="a test")


def test_times_are_spelled():
    assert [spelled(seconds) for seconds in (0.2, 59, 61, 3540, 3600, 11_400)] == [
        *("1 s", "59 s", "1 min", "59 min", "1 h 00 min", "3 h 10 min")
    ]


def test_the_plan_is_the_sum_of_its_parts():
    plan = [Duration("expressions", "grae", 3600, 120, 5), Duration("expressions", "gvae", 0, 60, 5)]
    assert [str(one) for one in plan] == [
        "expressions, grae: training 1 h 00 min, 5 searches of 2 min",
        "expressions, gvae: 5 searches of 1 min",
    ]
    assert in_words(plan) == "about 1 h 15 min: training 1 h 00 min, 10 searches 15 min"
    assert in_words(plan[1:]) == "about 5 min: 5 searches 5 min"


def test_a_search_is_its_encoding_and_its_rounds(scale, tmp_path, monkeypatch):
    """Encoding 40 strings where 80 are timed, and three rounds; a model that is trained needs no training."""
    asked = []
    decodings = GrammarAutoencoder.decodings
    monkeypatch.setattr(
        GrammarAutoencoder,
        "decodings",
        lambda self, codes, n, **given: asked.append((len(codes), n)) or decodings(self, codes, n, **given),
    )
    monkeypatch.setattr(duration, "_seconds", lambda work: (work(), 10.0)[1])
    made = GrammarAutoencoder("arithmetic", **{**QUICK, "epochs": 1}, device="cpu")
    made.fit(TEXTS, run=tmp_path / "run")
    pending = [
        Pending("expressions", "grae", None, {"grammar": 2, "semantic": 2}),
        Pending("expressions", "grae", tmp_path / "run", {"grammar": 1}),
    ]
    fresh, taken = expected(scale, {"expressions": TEXTS}, pending, device="cpu")
    assert (fresh.search, fresh.searches) == (40 / 80 * 10 + 3 * 10, 2)
    assert fresh.training > 0
    assert (taken.training, taken.search, taken.searches) == (0.0, fresh.search, 1)
    assert asked == [(2, 3)] * 2


def test_a_training_of_more_strings_takes_longer_in_proportion(scale, monkeypatch):
    class Timed(GrammarAutoencoder):
        """A model whose training took so many seconds for so many steps."""

        def fit(self, *given: Any, **more: Any):
            super().fit(*given, **more)
            assert self.result_ is not None
            self.result_ = replace(self.result_, seconds=8.0, steps=4)
            return self

    monkeypatch.setattr("grae.sequence.GrammarAutoencoder", Timed)
    what = scale.objects["expressions"]
    _, seconds = duration.timed_training(what, TEXTS, "grae", "cpu")
    assert seconds == pytest.approx(3 * 80 / 16 * 8 / 4)  # epochs, strings, batch size; seconds a step
    monkeypatch.setattr(duration, "STRINGS", 40)
    assert duration.timed_training(what, TEXTS, "grae", "cpu")[1] == pytest.approx(seconds)


def test_an_experiment_says_beforehand_how_long_it_will_take(scale, tmp_path):
    said: list[str] = []
    options: dict[str, Any] = {"models": ["gvae"], "device": "cpu", "tell": said.append, "foresee": True}
    reproduce_structured(tmp_path / "table", scale, **options)
    plan, training = (next(row for row, one in enumerate(said) if word in one) for word in ("about ", "training on"))
    assert plan < training
    assert said[plan - 1].startswith("expressions, gvae: training")
    assert "2 searches" in said[plan]
    said.clear()
    reproduce_structured(tmp_path / "table", scale, **options)
    assert said == ["expressions, gvae: done before"]
