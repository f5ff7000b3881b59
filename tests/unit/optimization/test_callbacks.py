"""Callbacks of a search: what they hear, that they change nothing, and what becomes of their exceptions."""

import json
from typing import Any

import numpy as np
import pytest
import torch

import grae
from grae.callbacks import Callback, End, Evaluation, Round, Start, Stop
from grae.errors import SettingsError

OPTIONS: dict[str, Any] = {"rounds": 3, "batch_size": 4, "half": "worst-half", "seed": 1}


class Kept(Callback):
    """Keeps all events, and draws random numbers at each."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def keep(self, event) -> None:
        torch.manual_seed(3)
        self.events.append(event)

    on_start = on_evaluation = on_round = on_end = keep  # pyright: ignore[reportAssignmentType]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class FailingAt(Callback):
    """Raises an exception at an evaluation."""

    def __init__(self, number: int, error: Exception) -> None:
        self.number, self.error = number, error

    def on_evaluation(self, evaluation: Evaluation) -> None:
        if evaluation.progress.evaluations == self.number:
            raise self.error


def search(model, expressions, *callbacks: Callback, **changes):
    return grae.optimize(model, "log-mse", start=expressions, callbacks=callbacks, **{**OPTIONS, **changes})


def strings(result) -> list[str | None]:
    return [record.string for record in result.records]


def test_they_hear_of_every_event_and_change_nothing(model, expressions, tmp_path):
    kept = Kept()
    result = search(model, expressions, kept, out=tmp_path)
    assert [type(event) for event in kept.events] == [Start, *([Evaluation] * 4 + [Round]) * 3, End]
    start = kept.events[0]
    assert (start.kind, start.folder, start.done, start.settings["rounds"]) == ("search", tmp_path, 0, 3)
    assert (start.best.string, start.best.score) == result.start.best(False)
    assert start.best.origin == "start"
    evaluations = kept.of(Evaluation)
    assert [(one.string, one.score, one.round) for one in evaluations] == [
        (record.string, record.score, record.round) for record in result.records
    ]
    assert [one.progress.evaluations for one in evaluations] == list(range(1, 13))
    assert evaluations[-1].progress.best.score == result.best[0].score
    assert evaluations[-1].progress.seconds_left == 0.0
    assert kept.events[-1] == End("search", "rounds")
    assert strings(search(model, expressions)) == strings(result)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_loses_nothing_and_the_search_goes_on_as_if_unbroken(model, expressions, tmp_path, workers):
    whole = search(model, expressions)
    error, kept = ZeroDivisionError("mine"), Kept()
    with pytest.raises(ZeroDivisionError) as raised:
        search(model, expressions, FailingAt(6, error), kept, out=tmp_path, workers=workers)
    assert raised.value is error
    assert "history.jsonl" in error.__notes__[-1]
    assert kept.events[-1] == End("search", "error", error)
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    scored = 6 if workers == 1 else 7  # a round of four with three workers: three of them together, then one
    assert [json.loads(line)["string"] for line in lines] == strings(whole)[:scored]
    again = Kept()
    resumed = search(model, expressions, again, out=tmp_path, resume=True)
    assert again.events[0].done == scored
    assert strings(resumed) == strings(whole)
    np.testing.assert_array_equal(resumed.history["score"], whole.history["score"])


def test_stop_ends_a_search(model, expressions, tmp_path):
    kept = Kept()
    result = search(model, expressions, FailingAt(6, Stop()), kept, out=tmp_path)
    assert (result.ended, result.calls) == ("callback", 6)
    assert kept.events[-1] == End("search", "callback")
    assert strings(search(model, expressions, out=tmp_path, resume=True)) == strings(search(model, expressions))


def test_what_is_no_callback_is_told_at_once(model, expressions):
    with pytest.raises(SettingsError, match=r"callbacks\[0\] is the class Kept"):
        search(model, expressions, Kept)  # pyright: ignore[reportArgumentType]
