"""Targets that raise, hang or die are recorded, and the rest is scored."""

import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grae.errors import MissingExtraError, SettingsError
from grae.optimization import scoring
from grae.optimization.progress import Watch
from grae.optimization.scoring import Scorer
from grae.targets.calls import attempt, attempts
from grae.targets.failures import ScoresError, TargetFailedWarning
from grae.targets.functions import FunctionTarget
from grae.targets.named import target_named

OWN = Path(__file__).parents[1] / "targets" / "own_targets.py"
TEXTS = ["a", "bb", "ccc", "dddd", "eeeee"]


def scores(target: Any, **options: Any) -> list[tuple[float | None, str | None]]:
    return [(outcome.score, outcome.error) for outcome in Scorer(target, **options)(TEXTS)]


def test_scores_in_order_here():
    assert scores(FunctionTarget(len)) == [(1, None), (2, None), (3, None), (4, None), (5, None)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_target_that_raises(workers):
    found = scores(target_named(f"{OWN}:fussy"), workers=workers, timeout=30)
    assert found == [(1, None), (None, "ValueError: no twos"), (3, None), (None, None), (None, "the score is inf")]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm there")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_target_that_hangs(workers):
    began = time.monotonic()
    found = scores(target_named(f"{OWN}:sleepy"), workers=workers, timeout=0.3)
    assert found[2] == (None, "no answer within 0.3 seconds")
    assert [score for score, _ in found] == [1, 2, None, 4, 5]
    assert time.monotonic() - began < 30


def test_a_target_that_hangs_where_no_alarm_reaches(monkeypatch):
    """As where C code holds on: the process itself is ended."""
    monkeypatch.setattr(scoring, "GRACE", 3.0)
    target = target_named(f"{OWN}:sleepy")
    list(Scorer(target)(["a"]))  # so that the processes are there
    monkeypatch.setattr(scoring, "_numbered", _deaf)
    outcome = next(Scorer(target, timeout=0.1)(["ccc"]))
    assert outcome.score is None
    assert "its process was ended" in str(outcome.error)
    monkeypatch.undo()
    assert next(Scorer(target, timeout=30)(["dddd"])).score == 4


def _deaf(number: int, target: Any, texts: list[str], timeout: float) -> tuple[int, Any]:
    return number, attempts(target, texts, None)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_target_that_takes_its_process_down(workers):
    found = scores(target_named(f"{OWN}:deadly"), workers=workers, timeout=30)
    assert found == [(1, None), (None, "its process died"), (3, None), (4, None), (5, None)]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm there")
def test_an_alarm_set_before_still_rings():
    rung: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    before = signal.setitimer(signal.ITIMER_REAL, 0.4)
    try:
        assert attempt(FunctionTarget(len), "abc", 0.2).score == 3
        assert attempt(FunctionTarget(lambda text: time.sleep(60)), "abc", 0.05).error
        patience = time.monotonic() + 10
        while not rung and time.monotonic() < patience:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)
    assert rung == [signal.SIGALRM]


def test_another_thread_scores_without_alarm():
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(attempt(FunctionTarget(len), "abc", 5.0)))
    thread.start()
    thread.join()
    assert found[0].score == 3


def test_a_target_of_the_wrong_shape_is_an_error():
    class Wrong:
        name, direction, language, worst, own = "wrong", "maximize", None, 0.0, True

        def evaluate(self, strings):
            return np.zeros(3)

    for texts in ["abc"], TEXTS:
        with pytest.raises(ScoresError, match=r"wrong gave an array of shape \(3,\) for (one string|5 strings)"):
            list(Scorer(Wrong())(texts))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("given", "message"), [([[1.0], [1.0, 2.0]], "2 scores"), (iter([1.0]), "1 score"), ({1.0: 2.0}, "of type dict")]
)
def test_a_target_of_the_users_class_that_gives_no_score_for_each_string(given: object, message: str):
    class Mine:
        name, direction, language, worst, own = "mine", "maximize", None, 0.0, True

        def evaluate(self, strings):
            return given if len(strings) > 1 else [1.0]

    with pytest.raises(ScoresError, match=f"mine gave .*{message} for 5 strings"):
        list(Scorer(Mine())(TEXTS))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("workers", [1, 2])
def test_scores_of_another_number_are_an_error_in_processes_too(workers: int):
    with pytest.raises(ScoresError, match=r"valid_ones_many gave \d scores? for \d strings") as caught:
        scores(target_named(f"{OWN}:valid_ones_many", batch=True), workers=workers, timeout=30)
    assert "None or NaN for an invalid one" in str(caught.value.remedy)


def test_a_batch_that_fails_is_not_silently_scored_singly(capsys: pytest.CaptureFixture[str]):
    def at_most_one(texts):
        if len(texts) > 1:
            raise RuntimeError("out of memory")
        return [1.0]

    outcomes = list(Scorer(FunctionTarget(at_most_one, batch=True))(TEXTS))
    assert [(each.score, each.error, each.together) for each in outcomes] == [
        (1, None, "RuntimeError: out of memory")
    ] * 5
    watch = Watch("mine", shown=False)
    with pytest.warns(TargetFailedWarning, match="mine failed on several strings at once, so each .* out of memory"):
        watch.note(TEXTS[0], outcomes[0])
    watch.note(TEXTS[1], outcomes[1])  # once
    watch = Watch("mine", shown=True)
    for text, outcome in zip(TEXTS, outcomes, strict=True):
        watch.note(text, outcome)
    assert " ".join(capsys.readouterr().err.split()).count("each was scored by itself: RuntimeError") == 1


def test_settings_that_cannot_be_used(monkeypatch):
    wrongs: list[dict[str, Any]] = [{"workers": 0}, {"timeout": 0.0}, {"timeout": float("nan")}, {"backend": "threads"}]
    for wrong in wrongs:
        with pytest.raises(SettingsError):
            Scorer(FunctionTarget(len), **wrong)
    for backend in ("dask", "ray"):
        monkeypatch.setitem(sys.modules, backend, None)
        with pytest.raises(MissingExtraError, match=rf"grae\[{backend}\]"):
            Scorer(FunctionTarget(len), backend=backend)


def _raising(error: BaseException) -> FunctionTarget:
    def score(text: str) -> float:
        raise error

    return FunctionTarget(score)


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "told", "kind"),
    [
        (SystemExit(3), "SystemExit: 3", "SystemExit"),
        (GeneratorExit(), "GeneratorExit", "GeneratorExit"),
        (ValueError("a\ud800b"), "ValueError: a\\ud800b", "ValueError"),
        (KeyError("x: y"), "KeyError: 'x: y'", "KeyError"),
        (RecursionError(), "RecursionError", "RecursionError"),
    ],
)
def test_whatever_a_target_raises_is_recorded(error: BaseException, told: str, kind: str):
    outcome = attempt(_raising(error), "abc")
    assert (outcome.score, outcome.error, outcome.kind) == (None, told, kind)
    assert outcome.traceback is not None
    assert "in score\n    raise error" in outcome.traceback
    assert "grae/optimization/" not in outcome.traceback
    assert "grae/targets/" not in outcome.traceback
    outcome.traceback.encode()


def test_a_message_that_cannot_be_printed_and_an_interruption():
    assert "_Unprintable" in str(attempt(_raising(_Unprintable()), "abc").error)
    with pytest.raises(KeyboardInterrupt):
        attempt(_raising(KeyboardInterrupt()), "abc")


def test_leaving_the_process_is_a_failure_there_too():
    found = scores(target_named(f"{OWN}:leaving"), timeout=30)
    assert found == [(1, None), (None, "SystemExit: gone"), (3, None), (4, None), (5, None)]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", ["fussy_many", "deadly_many"])
def test_one_bad_string_of_a_batch_costs_the_others_nothing(name: str, workers: int):
    found = scores(target_named(f"{OWN}:{name}", batch=True), workers=workers, timeout=30)
    assert [score for score, _ in found] == [1, None, 3, 4, 5]
    assert found[1][1] in ("ValueError: no twos", "its process died")
    outcomes = list(Scorer(target_named(f"{OWN}:{name}", batch=True), workers=workers, timeout=30)(TEXTS[:2]))
    assert [each.together for each in outcomes] == [None if workers == 2 else found[1][1]] * 2


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm there")
def test_a_batch_that_hangs_is_lost():
    target = FunctionTarget(lambda texts: time.sleep(60), batch=True)
    found = [outcome.error for outcome in Scorer(target, timeout=0.1)(TEXTS)]
    assert found == ["no answer within 0.1 seconds"] * 5
