"""Searches for several objectives, on a small model of expressions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grae
from grae.errors import RunError, SettingsError
from grae.optimization.objectives.hypervolume import hypervolume
from grae.optimization.objectives.table import nondominated
from grae.optimization.plots import draw
from grae.optimization.stored import Search


def shortness(text: str) -> float:
    return -float(len(text))


def sines(text: str) -> float:
    if "exp" in text:
        raise ValueError("no exponentials")
    return float(text.count("sin"))


def search(model: Any, expressions: list[str], target: Any, **changes: Any) -> Any:
    options = {"rounds": 3, "batch_size": 4, "start": expressions, "seed": 1, "propose": "latent"}
    options |= changes
    if options.get("strategy", "mixed") != "mixed":
        options.pop("propose")
    return grae.optimize(model, target, **options)


@pytest.mark.parametrize("strategy", ["mixed", "genetic", "random"])
def test_a_search_for_two_objectives_has_a_front(model, expressions, strategy: str, tmp_path: Path):
    result = search(model, expressions, ["log-mse", shortness], strategy=strategy, out=tmp_path)
    front = result.front
    assert front is not None
    assert front.names == ("log-mse", "shortness")
    assert front.maximized == (False, True)
    history = result.history
    assert history["shortness"].tolist() == [shortness(text) for text in history["string"]]
    both = np.concatenate([front.begun, front.table[np.isfinite(front.table).all(axis=1)]]) * [-1, 1]
    scores = np.array([one.scores for one in front.members]) * [-1, 1]
    assert {tuple(row) for row in both[nondominated(both)].tolist()} == {tuple(row) for row in scores.tolist()}
    reference = np.array(front.reference) * [-1, 1]
    assert front.hypervolume == pytest.approx(hypervolume(both, reference))
    assert front.hypervolumes[-1] == front.hypervolume >= front.start_hypervolume
    assert list(front.frame().columns) == ["string", "log-mse", "shortness", "from", "round"]
    told = result.to_dict()
    assert told["hypervolume"]["end"] == front.hypervolume
    assert len(told["front"]) == len(front.members)
    stored = Search.read(tmp_path).front
    assert stored is not None
    assert stored.members == front.members
    assert [picture.name for picture in draw(result, tmp_path)] == ["front.png", "hypervolume.png"]


def test_a_search_for_two_objectives_is_resumed(model, expressions, tmp_path: Path):
    targets = ["log-mse", shortness]
    whole = search(model, expressions, targets)
    search(model, expressions, targets, out=tmp_path, rounds=1)
    with pytest.raises(RunError, match="target"):
        search(model, expressions, [shortness, "log-mse"], out=tmp_path, resume=True)
    again = search(model, expressions, targets, out=tmp_path, resume=True)
    assert [record.string for record in again.records] == [record.string for record in whole.records]
    assert again.front.members == whole.front.members


def test_an_objective_that_fails_is_recorded_and_the_other_kept(model, expressions):
    with pytest.warns(UserWarning, match="no exponentials"):
        result = search(model, expressions, [shortness, sines], strategy="random", rounds=4, batch_size=20)
    history = result.history
    failed = history["string"].str.contains("exp")
    assert 0 < failed.sum() < len(history)
    assert history.loc[failed, "score"].isna().all()
    assert history.loc[failed, "sines"].isna().all()
    assert history.loc[failed, "shortness"].notna().all()
    assert history.loc[failed, "error"].str.contains("ValueError: no exponentials").all()
    assert history.loc[~failed, "score"].notna().all()
    assert not any("exp" in one.string for one in result.front.members)


@pytest.mark.parametrize(
    ("targets", "changes", "message"),
    [
        (["log-mse", "log-mse"], {}, "given twice"),
        (["log-mse", shortness], {"strategy": "trust-region"}, "trust-region strategy has one target"),
        (["log-mse", shortness], {"strategy": "paper"}, "paper strategy has one target"),
        (["log-mse", "qed"], {}, "score different strings"),
        ([shortness, "qed"], {}, "scores molecules"),
        ([shortness, sines, "log-mse", len, repr], {}, "5 targets"),
    ],
)
def test_what_does_not_go_together(model, expressions, targets, changes, message):
    with pytest.raises(SettingsError, match=message):
        search(model, expressions, targets, **changes)
