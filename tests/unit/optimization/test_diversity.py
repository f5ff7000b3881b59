"""Results that differ: the rules, what is not scored, and what the results hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grae
from grae.errors import RunError, SettingsError
from grae.grammar import codec, load_grammar
from grae.grammar.fragments import fragments
from grae.grammar.sparse_counts import min_max_and_products
from grae.optimization.diversity import Diversity

SMILES, ARITHMETIC = load_grammar("smiles"), load_grammar("arithmetic")
MOLECULES = ["CCc1ccccc1", "CCCc1ccccc1", "CCCCc1ccccc1", "CCC", "CCCC", "NCC1CCCCC1"]


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [("scaffold:1", [0, 3, 5]), ("scaffold:2", [0, 1, 3, 4, 5]), ("similarity:0.5", [0, 3, 4, 5]),
     ("similarity:0.99", [0, 1, 2, 3, 4, 5]), ("derivation:0.6", [0, 3, 5])],
)  # fmt: skip
def test_results_are_the_best_that_differ(rule: str, chosen: list[int]):
    diversity = Diversity(rule, SMILES)
    assert diversity.chosen(MOLECULES) == chosen
    assert diversity.admit(MOLECULES).all()
    diversity.learn([MOLECULES[place] for place in chosen])
    left = [5] if rule == "scaffold:2" else []
    assert [place for place, admitted in enumerate(diversity.admit(MOLECULES)) if admitted] == left


def test_stereoisomers_of_a_scaffold_are_one():
    isomers = [
        "C[C@H]1CCC[C@@H](C)N1",
        "C[C@@H]1CCC[C@@H](C)N1",
        "C[C@H]1C[C@H]2CC[C@@H](C1)N2",
        "C[C@H]1C[C@@H]2CC[C@H](C1)N2",
    ]
    assert Diversity("scaffold:1", SMILES).chosen(isomers) == [0, 2]


@pytest.mark.parametrize(
    ("rule", "message"),
    [("scafold:5", "did you mean 'scaffold'"), ("scaffold", "is no number"), ("scaffold:0", "whole number"),
     ("scaffold:1.5", "whole number"), ("similarity:1", "a similarity of 1"), ("similarity:nan", "a similarity of nan"),
     ("derivation:x", "is no number")],
)  # fmt: skip
def test_what_is_no_rule(rule: str, message: str):
    with pytest.raises(SettingsError, match=message):
        Diversity(rule, SMILES)


def search(model: Any, expressions: list[str], **changes: Any) -> Any:
    options = {"rounds": 3, "batch_size": 4, "start": expressions, "half": "worst-half", "seed": 1, "propose": "latent"}
    options |= changes
    if options.get("strategy", "mixed") != "mixed":
        options.pop("propose")
    return grae.optimize(model, "log-mse", **options)


def nearest(one: str, others: list[str]) -> float:
    counts = [fragments(ARITHMETIC, codec.encode(ARITHMETIC, texts).derivations) for texts in ([one], others)]
    return float(min_max_and_products(*counts)[0, :, 0].max())


@pytest.mark.parametrize("strategy", ["mixed", "random"])
def test_a_search_scores_nothing_near_to_what_it_has_found(model, expressions, strategy: str):
    result = search(model, expressions, strategy=strategy, diversity="derivation:0.5")
    assert result.calls > 0
    median = float(np.nanmedian(result.start.scores))
    rounds: dict[int, list[str]] = {}
    for record in result.records:
        earlier = [text for number, texts in rounds.items() if number < record.round for text in texts]
        if earlier:
            assert nearest(record.string, earlier) <= 0.5
        if record.score is not None and record.score < median:
            rounds.setdefault(record.round, []).append(record.string)
    best = [one.string for one in result.best]
    assert all(nearest(text, best[:place]) <= 0.5 for place, text in enumerate(best) if place)
    assert result.to_dict()["diversity"] == "derivation:0.5"


def test_a_rule_is_resumed_and_refused(model, expressions, tmp_path: Path):
    whole = search(model, expressions, diversity="similarity:0.6")
    search(model, expressions, diversity="similarity:0.6", out=tmp_path, rounds=1)
    with pytest.raises(RunError, match="diversity"):
        search(model, expressions, diversity="similarity:0.7", out=tmp_path, resume=True)
    again = search(model, expressions, diversity="similarity:0.6", out=tmp_path, resume=True)
    assert [record.string for record in again.records] == [record.string for record in whole.records]
    with pytest.raises(SettingsError, match="not a grammar of molecules"):
        search(model, expressions, diversity="scaffold:5")
    with pytest.raises(SettingsError, match="paper strategy knows no rule"):
        search(model, expressions, strategy="paper", diversity="derivation:0.5")
    with pytest.raises(SettingsError, match="with several targets"):
        grae.optimize(model, ["log-mse", len], start=expressions, diversity="derivation:0.5")
