"""Searches under a condition, on a small model of expressions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grae
from grae.errors import ParseError, RunError, SettingsError
from grae.optimization.stored import Search


def search(model: Any, expressions: list[str], **changes: Any) -> Any:
    options = {"rounds": 3, "batch_size": 4, "start": expressions, "half": "worst-half", "seed": 1, "propose": "latent"}
    options |= changes
    if options.get("strategy", "mixed") != "mixed":
        options.pop("propose")
    return grae.optimize(model, "log-mse", **options)


@pytest.mark.parametrize("strategy", ["mixed", "genetic", "random", "trust-region"])
def test_only_strings_that_fulfil_the_condition_are_scored(model, expressions, strategy: str):
    result = search(model, expressions, strategy=strategy, where="symbols <= 7 and not symbols == 5")
    assert len(result.records) > 0
    history = result.history
    assert history["fulfilled"].all()
    assert set(history["symbols"]) <= {1.0, 2.0, 3.0, 4.0, 6.0, 7.0}
    assert result.fulfilled == 1.0
    assert result.start.fulfilled is not None
    fulfilled = [one.fulfilled for one in result.best]
    assert fulfilled == sorted(fulfilled, reverse=True)
    assert {True, False} == set(fulfilled)
    told = result.to_dict()
    assert (told["where"], told["fulfilled"]) == ("symbols <= 7 and symbols != 5", 1.0)
    assert told["best"][0]["fulfilled"] is True


OWN = """
def even(text):
    return 1 - len(text) % 2
"""


def test_a_function_of_ones_own_is_measured_beside_the_score(model, expressions, tmp_path: Path):
    (tmp_path / "mine.py").write_text(OWN)
    where = f"{tmp_path}/mine.py:even == 1 and symbols < 9"
    result = search(model, expressions, where=where, rounds=6)
    history = result.history
    assert set(history["fulfilled"]) == {True, False}
    assert history["fulfilled"].tolist() == [len(text) % 2 == 0 for text in history["string"]]
    assert (history["symbols"] < 9).all()
    assert result.best[0].fulfilled
    best = history[history["fulfilled"]]["score"].min()
    assert result.best[0].score == best
    assert np.nanmin(result.records.best_so_far) == best
    assert result.start.best(False) is None  # it is not asked of the strings to start from


def test_a_condition_is_resumed_and_stored(model, expressions, tmp_path: Path):
    where = "symbols <= 4"
    whole = search(model, expressions, where=where, out=tmp_path / "whole")
    search(model, expressions, where=where, out=tmp_path / "parts", rounds=2)
    with pytest.raises(RunError, match="where"):
        search(model, expressions, where="symbols <= 5", out=tmp_path / "parts", resume=True)
    again = search(model, expressions, where=where, out=tmp_path / "parts", resume=True)
    assert [record.string for record in again.records] == [record.string for record in whole.records]
    assert json.loads((tmp_path / "parts" / "search.json").read_text())["where"] == where
    stored = Search.read(tmp_path / "parts")
    assert stored.best == again.best
    assert [record.numbers for record in stored.history] == [record.numbers for record in again.records]


def test_conditions_that_do_not_suit(model, expressions):
    with pytest.raises(SettingsError, match="paper strategy knows no conditions"):
        search(model, expressions, strategy="paper", where="symbols < 3")
    with pytest.raises(ParseError, match="unknown name 'logP'"):
        search(model, expressions, where="logP < 3")


def test_where_nothing_can_fulfil_it_the_search_ends(model, expressions):
    result = search(model, expressions, where="symbols < 1")
    assert (result.ended, result.calls, result.improved) == ("no new strings", 0, False)
    assert result.fulfilled is None
