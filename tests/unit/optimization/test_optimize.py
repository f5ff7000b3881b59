"""The whole search through `grae.optimize`: histories, resuming, targets that fail, and pictures."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

import grae
from grae.callbacks import Best, Evaluation, Progress, Round
from grae.errors import DataError, RunError, SettingsError
from grae.optimization import start as start_module
from grae.optimization import start_files
from grae.optimization.history import History, Record
from grae.optimization.plots import draw, draw_best_so_far
from grae.optimization.progress import Bar, Lines, summary
from grae.optimization.result import best_of
from grae.optimization.scoring import Scorer
from grae.optimization.standing import Standing
from grae.optimization.start import Start, scored
from grae.targets.failures import TargetError, TargetFailedWarning
from grae.targets.functions import FunctionTarget
from grae.targets.named import target_named

PNG = b"\x89PNG"


def search(model: Any, expressions: list[str] | None, target: Any = "log-mse", **changes: Any) -> Any:
    options = {"rounds": 3, "batch_size": 4, "start": expressions, "half": "worst-half", "seed": 1}
    return grae.optimize(model, target, **{**options, **changes})


def test_a_search_and_its_statistics(model, expressions, tmp_path):
    result = search(model, expressions, out=tmp_path)
    assert (result.calls, result.ended) == (12, "rounds")
    frame = result.history
    assert frame["round"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert frame["string"].is_unique
    np.testing.assert_allclose(frame["score"], target_named("log-mse").evaluate(frame["string"].tolist()))
    assert result.average == pytest.approx(frame["score"].mean())
    assert result.valid == frame["valid"].mean()
    told = result.to_dict(3)
    assert told["found"][0] == {"string": result.found[0].string, "score": frame["score"].min()}
    assert (len(told["best"]), len(told["found"])) == (3, 3)
    assert told["best"][0]["score"] == min(frame["score"].min(), told["start"]["best"]["score"])
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [line["string"] for line in lines] == frame["string"].tolist()
    np.testing.assert_allclose(np.array([line["code"] for line in lines]), model.transform(frame["string"]), atol=1e-5)
    assert set(told["seconds"]) == {"propose", "candidates", "surrogate", "score"}
    assert "code" not in frame.columns
    np.testing.assert_array_equal(result.codes, np.array([line["code"] for line in lines]))
    assert len(repr(result)) < 300
    assert "\n" not in repr(result) + repr(result.start) + repr(result.records)


@pytest.mark.parametrize("strategy", ["mixed", "genetic", "trust-region", "random"])
def test_a_search_cut_anywhere_goes_on_as_if_it_never_stopped(model, expressions, tmp_path, strategy):
    whole = search(model, expressions, strategy=strategy, out=tmp_path / "whole").records.records
    lines = (tmp_path / "whole" / "history.jsonl").read_bytes().splitlines(keepends=True)
    for kept in (0, 3, 4, 10, 12):
        folder = tmp_path / f"{kept}"
        folder.mkdir()
        (folder / "search.json").write_bytes((tmp_path / "whole" / "search.json").read_bytes())
        (folder / "history.jsonl").write_bytes(b"".join(lines[:kept]) + lines[-1][:9])
        called: list[str] = []
        counting = CountedTarget(called)
        again = search(model, expressions, counting, strategy=strategy, out=folder, resume=True)
        assert [record.string for record in again.records] == [record.string for record in whole]
        assert [record.string for record in whole[kept:]] == called


class CountedTarget:
    """The expressions' target, which notes what it is asked during the search."""

    own, language, direction, name = False, "expressions", "minimize", "log-mse"

    def __init__(self, called: list[str]) -> None:
        self.target = target_named("log-mse")
        self.worst, self.called = self.target.worst, called

    def evaluate(self, strings):
        if len(strings) == 1:
            self.called += strings
        return self.target.evaluate(strings)


def test_more_rounds_may_be_added_and_other_settings_may_not(model, expressions, tmp_path):
    search(model, expressions, out=tmp_path)
    with pytest.raises(RunError, match="already holds a search"):
        search(model, expressions, out=tmp_path)
    longer = search(model, expressions, out=tmp_path, resume=True, rounds=4)
    assert longer.calls == 16
    for option, wrong in (
        ("--seed", {"seed": 2}),
        ("--batch-size", {"batch_size": 5}),
        ("--start", {"half": "all"}),
        ("--strategy", {"strategy": "random"}),
        ("--temperature", {"temperature": 0.5}),
        ("--start-limit", {"start_limit": 50}),
    ):
        with pytest.raises(RunError, match=f"was started with other settings: .*{option}"):
            search(model, expressions, out=tmp_path, resume=True, **wrong)
    with pytest.raises(RunError, match="started from other strings"):
        search(model, expressions[:-1], out=tmp_path, resume=True)
    unsaid = search(model, expressions, start=None, out=tmp_path, resume=True, rounds=4)
    assert (unsaid.calls, unsaid.start.texts) == (16, longer.start.texts)
    with pytest.raises(RunError, match="no search to resume"):
        search(model, expressions, out=tmp_path / "nowhere", resume=True)
    with pytest.raises(RunError, match="no folder to resume"):
        search(model, expressions, resume=True)
    (tmp_path / "search.json").write_text('{"format": "another"}')
    with pytest.raises(RunError, match="not the settings file of a search"):
        search(model, expressions, out=tmp_path, resume=True)


def test_a_target_that_raises_or_says_no_does_not_end_the_search(model, expressions):
    def fussy(text: str) -> float | None:
        if "sin" in text:
            raise RuntimeError("no sines")
        return None if "exp" in text else float(text.count("x"))

    with pytest.warns(TargetFailedWarning, match=r"(?s)fussy failed on '.*sin.*no sines"):
        result = search(model, expressions, fussy, rounds=6, half="all", strategy="random", timeout=5)
    frame = result.history
    for text, score, valid, error in frame[["string", "score", "valid", "error"]].itertuples(index=False):
        if "sin" in text:
            assert (np.isnan(score), valid, error) == (True, False, "RuntimeError: no sines")
        elif "exp" in text:
            assert (np.isnan(score), valid) == (True, False)
        else:
            assert (score, valid) == (text.count("x"), True)
    assert frame["error"].notna().any()
    assert 0 < result.valid < 1
    assert result.to_dict()["errors"] == frame["error"].notna().sum()


def test_a_function_of_ones_own_is_maximized_and_asked_about_few_starting_strings(model, expressions):
    called: list[str] = []

    def sines(text: str) -> int:
        called.append(text)
        return text.count("sin")

    result = search(model, expressions, sines, start_limit=50, half="all", rounds=5)
    assert len(called) == len(set(called)) == 50 + 20
    assert result.target.name == "sines"
    assert result.found[0].score == max(text.count("sin") for text in called[50:70])
    assert result.best[0].score == max(text.count("sin") for text in called)


def test_own_starting_scores_are_kept_with_the_search(model, expressions, tmp_path):
    called: list[str] = []

    def counted(text: str) -> int:
        called.append(text)
        return len(text)

    search(model, expressions, counted, half="all", start_limit=30, rounds=1, out=tmp_path)
    search(model, expressions, counted, half="all", start_limit=30, rounds=2, out=tmp_path, resume=True)
    assert len(called) == 30 + 8


class Stop(BaseException):
    """As a kill: nothing after it is written."""


def test_starting_scores_are_on_the_disk_as_they_come(model, expressions, tmp_path, monkeypatch):
    called: list[str] = []
    on_disk: list[int] = []
    scores = tmp_path / "start-scores.jsonl"

    def killed_at_the_eighth(text: str) -> int:
        called.append(text)
        on_disk.append(len(scores.read_text().splitlines()) if scores.is_file() else 0)
        return len(text)

    monkeypatch.setattr(start_files.StartFiles, "append", _killing(start_files.StartFiles.append, after=8))
    options: dict[str, Any] = {"half": "all", "start_limit": 30, "rounds": 1, "out": tmp_path}
    with pytest.raises(Stop):
        search(model, expressions, killed_at_the_eighth, **options)
    monkeypatch.undo()
    assert on_disk == list(range(8))
    lines = [json.loads(line) for line in scores.read_text().splitlines()]
    assert [line["score"] for line in lines] == [len(line["string"]) for line in lines]
    assert len(lines) == 8
    with pytest.raises(RunError, match="already holds a search"):
        search(model, expressions, killed_at_the_eighth, **options)
    again = search(model, None, killed_at_the_eighth, **options, resume=True)
    assert len(called) == 30 + 4
    whole = search(model, expressions, len, **{**options, "out": None})
    assert [record.string for record in again.records] == [record.string for record in whole.records]


def _killing(append: Any, *, after: int) -> Any:
    written: list[str] = []

    def killing(self: Any, text: str, outcome: Any) -> None:
        append(self, text, outcome)
        written.append(text)
        if len(written) >= after:
            raise Stop

    return killing


def test_a_target_that_only_fails_is_stopped_and_can_be_mended(model, expressions, tmp_path):
    called: list[str] = []

    def broken(text: str) -> float:
        called.append(text)
        return 1 / 0 if len(called) <= 10 else float(len(text))

    options: dict[str, Any] = {"half": "all", "start_limit": 30, "rounds": 1, "out": tmp_path}
    with pytest.raises(TargetError) as caught, pytest.warns(TargetFailedWarning):
        search(model, expressions, broken, **options)
    assert len(called) == 10
    for words in (
        "failed on each of the first 10",
        "10 x ZeroDivisionError",
        repr(called[0]),
        "in broken",
        "ZeroDivisionError: division by zero",
    ):
        assert words in str(caught.value)
    assert caught.value.history["string"].tolist() == called
    assert not caught.value.history["error"].isna().to_numpy().any()
    mended = search(model, expressions, broken, **options, resume=True)
    assert set(called[10:40]) == set(mended.start.texts)
    assert np.isfinite(mended.start.scores).all()


def test_some_failures_in_the_start_are_counted_by_kind(model, expressions):
    def fussy(text: str) -> float:
        if "sin" in text:
            raise KeyError(text)
        if "exp" in text:
            raise ValueError("no exp")
        return float(len(text))

    with pytest.warns(TargetFailedWarning, match="fussy failed on") as warned:
        result = search(model, expressions, fussy, half="all", start_limit=60, rounds=1)
    assert len(warned) == 1
    kinds = result.to_dict()["failures"]
    begun = [text for text in result.start.texts if "sin" in text]
    assert kinds["KeyError"] >= len(begun) > 0
    assert set(kinds) == {"KeyError", "ValueError"}
    assert result.failures.first is not None
    assert "in fussy" in str(result.failures.first)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_best_is_that_of_start_and_search_together(model, expressions, direction, tmp_path):
    best = max(expressions, key=len) if direction == "maximize" else min(expressions, key=len)
    good = 1e6 if direction == "maximize" else -1e6
    for target, improved in (
        (lambda text: good if text == best else float(len(text)), False),
        (lambda text: -good if text in expressions else float(len(text)), True),
    ):
        result = search(
            model, expressions, target, direction=direction, half="all", start_limit=0, rounds=1, strategy="random"
        )
        told = result.to_dict()
        assert result.improved is told["improved"] is improved
        assert (result.best[0].origin, told["best"][0]["from"]) == (("search",) * 2 if improved else ("start",) * 2)
        assert (result.best[0].string == best) is not improved
        scores = [one.score for one in result.best]
        assert scores == sorted(scores, reverse=direction == "maximize")
        assert (
            len(result.best) == len({one.string for one in result.best}) == len(result.found) + len(result.start.texts)
        )
        assert all(one.round is None for one in result.best if one.origin == "start")
        (drawn,) = draw(result, tmp_path)
        assert drawn.read_bytes().startswith(PNG)


def test_the_plot_has_a_line_for_the_start():
    history = History(None, "maximize")
    for score in (1.0, None, 5.0):
        history.append(Record(0, (0.0,), f"s{score}", score, score is not None, 1, 1, 0.1))
    axes = Figure().add_subplot()
    draw_best_so_far(axes, history, "mine", 3.0, line="C0", dots="0.7", begun="0.4")
    _, step, start = axes.get_lines()
    assert np.asarray(step.get_ydata()).tolist() == [3.0, 3.0, 5.0]
    assert np.asarray(start.get_ydata()).tolist() == [3.0, 3.0]
    assert start.get_label() == "best of the start, 3"
    assert axes.get_ylabel() == "mine (higher is better)"


def test_a_folder_without_a_score_begins_anew_with_any_settings(model, expressions, tmp_path, monkeypatch):
    monkeypatch.setattr(start_files.StartFiles, "append", _killing(lambda *_: None, after=1))
    options: dict[str, Any] = {"half": "all", "rounds": 1, "out": tmp_path}
    for changes in ({}, {"resume": True}, {"seed": 7}, {"start_limit": 20}, {"resume": True, "start_limit": 25}):
        with pytest.raises(Stop):
            search(model, expressions, len, **{**options, **changes})
    monkeypatch.undo()
    result = search(model, expressions[:40], len, **options, seed=3)
    assert (result.calls, len(result.start.texts)) == (4, len(set(expressions[:40])))
    assert json.loads((tmp_path / "search.json").read_text())["seed"] == 3


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("search.json", "direction", "up"),
        ("search.json", "direction", ["maximize"]),
        ("search.json", "batch_size", "4"),
        ("search.json", "target", None),
        ("search.json", "half", {}),
        ("search.json", "decoding", 3),
        ("search.json", "rounds", 10**400),
        ("start.json", "strings", "text"),
        ("start.json", "strings", [1]),
        ("start.json", "of", -1),
        ("start-scores.jsonl", "score", "1"),
        ("start-scores.jsonl", "score", 10**400),
        ("start-scores.jsonl", "string", None),
        ("start-scores.jsonl", "error", 1),
        ("history.jsonl", "round", "0"),
        ("history.jsonl", "round", True),
        ("history.jsonl", "round", -1),
        ("history.jsonl", "code", ["x"]),
        ("history.jsonl", "code", [math.nan]),
        ("history.jsonl", "score", math.inf),
        ("history.jsonl", "score", [1]),
        ("history.jsonl", "string", 3),
        ("history.jsonl", "string", "\ud800"),
        ("history.jsonl", "valid", 1),
        ("history.jsonl", "attempts", 1.5),
        ("history.jsonl", "seconds", "long"),
        ("history.jsonl", "error", {}),
    ],
)
def test_files_with_other_types_are_errors_that_say_where(begun_search, model, file: str, key: str, value: Any):
    place = begun_search / file
    before = place.read_text()
    try:
        first, *rest = [before] if file.endswith(".json") else before.splitlines(keepends=True)
        place.write_text(json.dumps({**json.loads(first), key: value}) + "\n" + "".join(rest))
        with pytest.raises(RunError) as caught:
            search(model, None, begun, half="all", start_limit=10, rounds=1, out=begun_search, resume=True)
        assert file in str(caught.value)
    finally:
        place.write_text(before)


def begun(text: str) -> int:
    return len(text)


@pytest.fixture(scope="module")
def begun_search(model, expressions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    search(model, expressions, begun, half="all", start_limit=10, rounds=1, out=folder)
    return folder


def test_a_target_of_many_strings_gets_a_round_at_a_time(model, expressions):
    sizes: list[int] = []

    class Many:
        def evaluate(self, strings: list[str]) -> list[int]:
            sizes.append(len(strings))
            return [len(text) for text in strings]

    result = search(model, expressions, Many(), half="all", start_limit=60, rounds=3, batch_size=7)
    assert sum(sizes[:-3]) == 60
    assert sizes[-3:] == [7, 7, 7]
    assert result.target.name == "Many"
    assert [record.score for record in result.records] == [len(record.string or "") for record in result.records]


def test_paper_protocol_through_the_face(model, expressions, monkeypatch):
    from grae.optimization import paper

    monkeypatch.setattr(paper, "INDUCING", 30)
    result = search(model, expressions, strategy="paper", rounds=2, attempts=5)
    assert result.calls == 8
    assert set(result.history["attempts"]) == {5}
    scores = dict(zip(expressions, target_named("log-mse").evaluate(expressions), strict=True))
    for record in result.records:
        assert not record.repeated or record.score == pytest.approx(scores.get(record.string or "", record.score))
        assert record.string is None or (record.string in scores) <= record.repeated


def test_settings_that_cannot_be_used(model, expressions):
    for wrong, message in (
        ({"target": "logp"}, "scores molecules"),
        ({"strategy": "grid"}, "unknown strategy"),
        ({"rounds": 0}, "setting 'rounds': .* greater than or equal to 1, not 0"),
        ({"attempts": 3}, "requires the strategy paper"),
        ({"workers": 0}, "setting 'workers'"),
        ({"half": "worse-half"}, "setting 'half'"),
        ({"batch_sise": 3}, "(?s)unknown setting of a search 'batch_sise'.*did you mean 'batch_size'"),
    ):
        with pytest.raises(SettingsError, match=message):
            search(model, expressions, **wrong)
    with pytest.raises(DataError, match="training strings"):
        grae.optimize(model, "log-mse")
    with pytest.raises(DataError, match="no strings to start from"):
        search(model, [])
    with pytest.raises(DataError, match="scores none of"):
        search(model, expressions, lambda text: None, half="all")
    with pytest.warns(TargetFailedWarning), pytest.raises(TargetError, match=r"scores none of 3 .*: 3 x TypeError"):
        search(model, expressions, "math:ulp", half="all", start_limit=3)


def test_starting_scores_are_cached_and_the_worse_half_is_worse(expressions, monkeypatch, cache_home):
    monkeypatch.setattr(start_module, "PARALLEL_FROM", 10)
    monkeypatch.setattr(start_module, "KEPT_FROM", 10)
    target = target_named("log-mse", formula="x*x")
    told: list[float] = []
    first = scored(expressions, Scorer(target), progress=told.append)
    assert told[-1] == 1.0
    assert all(before < after for before, after in pairwise(told))
    np.testing.assert_array_equal(first.scores, target.evaluate(first.texts))
    monkeypatch.setattr(target, "evaluate", lambda strings: pytest.fail("scored again"))
    np.testing.assert_array_equal(scored(expressions, Scorer(target)).scores, first.scores)
    half = first.worse_half(maximize=False)
    assert np.nanmin(half.scores) > np.nanmedian(first.scores)
    assert (first.of, half.of) == (len(first.texts), len(first.texts))
    assert first.best(False) == (first.texts[np.nanargmin(first.scores)], np.nanmin(first.scores))
    assert Start(["a"], np.array([np.nan])).best(True) is None
    assert Start(["a"], np.array([np.nan])).worst_score(True) is None
    assert first.worst_score(False) == np.nanmax(first.scores)


def test_of_many_strings_the_same_are_scored_each_time(expressions, monkeypatch):
    own, built_in = Scorer(FunctionTarget(len)), Scorer(target_named("log-mse"))
    some = scored(expressions, own, limit=20)
    assert (len(some.texts), some.of) == (20, len(set(expressions)))
    assert scored(expressions, own, limit=20).texts == some.texts
    assert set(some.texts) < set(expressions)
    monkeypatch.setattr(start_module, "OWN_LIMIT", 30)
    monkeypatch.setattr(start_module, "LIMIT", 40)
    assert (len(scored(expressions, own).texts), len(scored(expressions, built_in).texts)) == (30, 40)
    assert len(scored(expressions, own, limit=0).texts) == len(scored(expressions, built_in, limit=0).texts) == some.of
    for wrong in (-1, 1):
        with pytest.raises(SettingsError, match="start limit"):
            scored(expressions, own, limit=wrong)


def test_what_a_search_started_from_is_told(model, expressions):
    result = search(model, expressions, half="all", start_limit=30, rounds=1)
    told = result.to_dict()["start"]
    assert (told["strings"], told["of"]) == (30, len(set(expressions)))
    assert told["best"]["score"] == pytest.approx(target_named("log-mse").evaluate([told["best"]["string"]])[0])
    assert result.calls == 4


def test_several_workers_score_the_same(model, expressions):
    found = [
        search(model, expressions, "operator:length_hint", workers=workers, start_limit=20, half="all", rounds=2)
        for workers in (1, 3)
    ]
    assert [record.string for record in found[0].records] == [record.string for record in found[1].records]
    assert [record.score for record in found[0].records] == [record.score for record in found[1].records]


def test_pictures(model, expressions, tmp_path):
    result = search(model, expressions)
    drawn = draw(result, tmp_path)
    assert [path.name for path in drawn] == ["progress.png", "best-curves.png"]
    assert all(path.read_bytes().startswith(PNG) for path in drawn)


def test_progress_shows_best_validity_calls_and_time_left():
    found = Best("CCO", 1.5, "search", 0)
    progress = Progress(2, 10, 0.5, found, seconds=4.0, seconds_left=16.0)
    assert summary(progress) == "2/10 evaluations  best 1.5 CCO  50% valid  0:00:16 left"
    begun = replace(progress, best=Best("CC", 2.0, "start"))
    assert "best 2 CC  (from the start)" in summary(begun)
    for reporter in (Lines(Console(width=200, record=True)), Bar(Console(width=200, record=True))):
        for fraction in (0.1, 0.2, 0.31, 1.0):
            reporter.doing("encoding", fraction)
        reporter.doing("proposing")
        reporter.on_evaluation(Evaluation(0, "CCO", 1.5, None, False, 0.1, progress))
        reporter.on_round(Round(0, True, progress))
        reporter.close()
        shown = reporter.console.export_text()
        assert "best 1.5 CCO" in shown
        if type(reporter) is Lines:
            assert re.findall(r"\w+ \d+%\n", shown) == ["encoding 10%\n", "encoding 31%\n", "encoding 100%\n"]
    nothing = Progress(0, 10, 0.0, None, 0.0)
    assert summary(nothing) == "0/10 evaluations  no valid string yet  0% valid"


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_standing_is_that_of_the_whole_history(direction):
    rng = np.random.default_rng(3)
    texts = [f"C{n}" for n in range(6)]
    start = Start(texts, np.round(rng.normal(size=6), 1), 6)
    history = History(None, direction)
    standing = Standing(start, history, 40)
    for call in range(40):
        score = float(np.round(rng.normal(), 1))
        valid = bool(rng.random() < 0.7)
        string = f"N{rng.integers(20)}"
        record = Record(call // 4, (0.0,), string, score if valid else None, valid, 1, 1, 0.1)
        history.append(record)
        progress = standing.evaluated(record).progress
        expected = best_of(start, history)[0]
        assert progress.best is not None
        assert (progress.best.score, progress.best.origin) == (expected.score, expected.origin)
        assert (progress.evaluations, progress.valid) == (call + 1, sum(one.valid for one in history) / (call + 1))
    resumed = Standing(start, history, 40).progress()
    assert (resumed.best, resumed.evaluations, resumed.seconds_left) == (progress.best, 40, None)
