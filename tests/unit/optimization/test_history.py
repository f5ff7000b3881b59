"""The history: what is written comes back, and a torn line does not count."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import RunError
from grae.optimization.history import History, Record, scores_of


def record(number: int = 0, text: str | None = "x", score: float | None = 1.0, **changes) -> Record:
    usual = {"code": (0.5, -1.0), "valid": score is not None, "attempts": 3, "decoded_valid": 2, "seconds": 0.25}
    return Record(number, string=text, score=score, **{**usual, **changes})


finite = st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    Record,
    round=st.integers(0, 99),
    code=st.lists(finite, max_size=3).map(tuple),
    string=st.none() | st.text(),
    score=st.none() | finite,
    valid=st.booleans(),
    attempts=st.integers(0, 500),
    decoded_valid=st.integers(0, 500),
    seconds=finite,
    repeated=st.booleans(),
    error=st.none() | st.text(),
)


@given(st.lists(records, max_size=5))
def test_what_is_appended_is_read(tmp_path_factory, given_records):
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    history = History(path, "maximize")
    for one in given_records:
        history.append(one)
    assert History.read(path, "maximize").records == given_records


def test_a_torn_line_does_not_count_and_is_replaced(tmp_path):
    path = tmp_path / "history.jsonl"
    history = History(path, "maximize")
    history.append(record(0))
    history.append(record(1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    read = History.read(path, "maximize")
    assert read.records == [record(0)]
    read.append(record(1))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("line", ["{}", "[1]", "nonsense", '{"round": 0}'])
def test_a_foreign_line_is_an_error(tmp_path, line):
    path = tmp_path / "history.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(RunError, match="line 1"):
        History.read(path, "minimize")


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_best_first_each_string_once(direction):
    history = History(None, direction)
    for text, score in {"a": 1.0, "bad": None, "b": 3.0, "c": 2.0}.items():
        history.append(record(0, text, score))
    history.append(record(1, "b", 3.0, repeated=True))
    maximize = direction == "maximize"
    assert [one.string for one in history.best] == (["b", "c", "a"] if maximize else ["a", "c", "b"])
    assert history.best[0].round == 0
    assert history.best_so_far.tolist() == ([1, 1, 3, 3, 3] if maximize else [1, 1, 1, 1, 1])
    assert [one.string for one in history.of_round(1)] == ["b"]


def test_the_frame_has_a_row_a_call():
    history = History(None, "maximize")
    assert list(history.frame().columns)[:3] == ["round", "string", "score"]
    history.append(record(0, "a", 1.0))
    history.append(record(0, None, None, error="ValueError: no"))
    frame = history.frame()
    assert frame["string"].tolist()[0] == "a"
    assert math.isnan(frame["score"].tolist()[1])
    assert frame["valid"].tolist() == [True, False]
    assert scores_of(history.records, -7.0).tolist() == [1.0, -7.0]
    assert len(History(None, "maximize").best_so_far) == 0


def test_of_equal_scores_the_earlier_comes_first_and_a_string_at_its_best():
    history = History(None, "minimize")
    for number, (text, score) in enumerate([("a", 1.0), ("b", 1.0), ("a", 1.0), ("c", 2.0), ("b", 5.0), ("d", 0.5)]):
        history.append(record(number, text, score))
    assert [(one.string, one.round) for one in history.best] == [("d", 5), ("a", 0), ("b", 1), ("c", 3)]


def test_codes_of_another_width_are_refused_with_their_line(tmp_path):
    history = History(tmp_path / "history.jsonl", "maximize")
    history.append(record())
    history.append(record(code=(1.0, 2.0, 3.0)))
    again = History.read(tmp_path / "history.jsonl", "maximize")
    with pytest.raises(RunError, match=r"history.jsonl line 2: code holds 3 numbers, expected 2"):
        again.check_width(2)
    history.records[1:] = []
    history.check_width(2)


def test_reprs_and_frames_leave_the_codes_out():
    one = record(code=tuple(map(float, range(56))), error="ValueError: no")
    assert repr(one) == "Record(round=0, score=1.0, string='x', error='ValueError: no')"
    history = History(None, "minimize")
    history.append(one)
    assert repr(history) == "History(1 records, best 1, minimize)"
    assert "code" not in history.frame().columns
    assert history.frame(codes=True)["code"].tolist() == [one.code]
    assert history.frame()["string"].tolist() == ["x"]
