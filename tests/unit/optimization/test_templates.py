"""Searches under a template: every string that is scored holds it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import grae
from grae.errors import DataError, ParseError, RunError, SettingsError
from grae.grammar import load_grammar
from grae.grammar.template import read_template
from grae.optimization.space import LatentSpace
from grae.optimization.start_template import HeldStrings, search_template
from grae.optimization.stored import Search

ARITHMETIC = load_grammar("arithmetic")
TEMPLATES = ("<S>/x", "<S>+<T>", "<S>*<T>")


def search(model: Any, expressions: list[str] | None, template: str = "x + sin(<S>)", **changes: Any) -> Any:
    options = {"rounds": 2, "batch_size": 4, "start": expressions, "seed": 1, "most_symbols": 20}
    return grae.optimize(model, "log-mse", template=template, **(options | changes))


def are_held(texts: list[str], template: str = "x + sin(<S>)") -> bool:
    read = read_template(ARITHMETIC, template.replace(" ", ""))
    return all(read.is_held_by(ARITHMETIC.parse(text)) for text in texts)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    template=st.sampled_from(TEMPLATES),
    strategy=st.sampled_from(["mixed", "genetic", "random", "trust-region"]),
    seed=st.integers(0, 99),
    temperature=st.sampled_from([None, 0.5]),
)
def test_every_string_of_a_search_holds_the_template(model, expressions, template, strategy, seed, temperature):
    result = search(model, expressions, template, strategy=strategy, rounds=1, seed=seed, temperature=temperature)
    assert result.calls == 4
    assert are_held([record.string for record in result.records], template)
    assert are_held(result.start.texts, template)
    assert len(set(result.start.texts)) == len(result.start.texts)
    assert are_held([one.string for one in result.best], template)


def test_samples_take_the_place_of_strings_that_do_not_hold_it(model, expressions):
    holding = ["x+sin(x*x)", "x+sin(1)", "x+sin(exp(x))"]
    result = search(model, [*expressions[:50], *holding])
    own = sum(are_held([text]) for text in expressions[:50])
    start = result.start
    assert len(start.texts) - start.sampled == own + 3
    assert set(holding) <= set(start.texts[: len(start.texts) - start.sampled])
    assert start.sampled > 10
    assert start.of == 53
    assert np.isfinite(start.scores).any()
    assert result.to_dict()["template"] == "x + sin(<S>)"
    assert result.to_dict()["start"]["sampled"] == start.sampled
    few = search(model, [*expressions[:50], *holding], start_limit=3)
    assert len(few.start.texts) == 3
    many = [f"x+sin({text})" for text in expressions]
    enough = search(model, many, start_limit=0)
    assert (len(enough.start.texts), enough.start.sampled) == (len(set(many)), 0)


def test_several_targets_conditions_and_diversity_under_a_template(model, expressions):
    options: Any = {"start": expressions, "rounds": 2, "direction": "minimize", "most_symbols": 20}
    several = grae.optimize(model, ["log-mse", len], template="x+sin(<S>)", **options)
    assert several.front is not None
    assert are_held([member.string for member in several.front.members])
    assert several.start.objectives is not None
    assert several.start.objectives.shape == (len(several.start.texts), 2)
    narrow = search(model, expressions, where="symbols <= 9", diversity="derivation:0.8")
    assert narrow.calls > 0
    assert are_held([record.string for record in narrow.records])
    assert (narrow.history["symbols"] <= 9).all()


def test_a_template_is_stored_and_resumed(model, expressions, tmp_path: Path):
    whole = search(model, expressions, out=tmp_path / "whole", rounds=3, half="worst-half")
    search(model, expressions, out=tmp_path / "parts", half="worst-half")
    with pytest.raises(RunError, match="template"):
        search(model, expressions, "x*<T>", out=tmp_path / "parts", rounds=3, half="worst-half", resume=True)
    again = search(model, None, out=tmp_path / "parts", rounds=3, half="worst-half", resume=True)
    assert [record.string for record in again.records] == [record.string for record in whole.records]
    assert json.loads((tmp_path / "parts" / "search.json").read_text())["template"] == "x + sin(<S>)"
    stored = Search.read(tmp_path / "parts").start
    assert stored is not None
    assert (stored.texts, stored.sampled) == (whole.start.texts, whole.start.sampled)
    assert 0 < stored.sampled < len(stored.texts) + 1


@pytest.mark.slow
def test_a_model_that_is_fine_tuned_keeps_the_template(model, expressions):
    result = search(model, expressions, strategy="random", retrain_every=1)
    assert result.calls == 8
    assert are_held([record.string for record in result.records])


def test_templates_that_do_not_suit(model, expressions, tmp_path: Path):
    with pytest.raises(ParseError) as parsed:
        search(model, expressions, "x + sin(<S>", out=tmp_path / "out")
    assert "^" in str(parsed.value)
    with pytest.raises(SettingsError, match="no hole"):
        search(model, expressions, "x+1", out=tmp_path / "out")
    with pytest.raises(SettingsError, match="has no string of at most"):
        search(model, expressions, "x+" * 60 + "<T>", out=tmp_path / "out")
    with pytest.raises(SettingsError, match="paper strategy knows no templates"):
        search(model, expressions, strategy="paper", most_symbols=None, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Silent(LatentSpace):
    """A latent space from which nothing can be decoded."""

    def decode(self, points: np.ndarray, *, temperature: float = 0.0, seed: int = 0) -> list[str]:
        return []


@pytest.mark.parametrize("texts", [["x+1"], ["x+1", "x/2"]])
def test_too_few_strings_hold_the_template(model, texts):
    template = search_template(model, "<S>/<T>", None)
    held = HeldStrings(template, Silent(model), 0.0, 0)
    number = sum("/" in text for text in texts)
    with pytest.raises(DataError, match=f"{number} of {len(texts)} strings to start from hold the template '<S>/<T>'"):
        held.drawn(texts, 0, lambda fraction: None)
