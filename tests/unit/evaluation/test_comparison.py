import csv
import io
from pathlib import Path

import pytest

from grae.errors import RunError
from grae.evaluation import side_by_side
from grae.evaluation.results import FILE, MOST, keep_evaluation, kept_evaluation

FOUND = [
    {
        "n": 9,
        "valid": 0.5,
        "FCD/Test": 3.0,
        "novel": None,
        "unique": 1.0,
        "counts": {"valid": {"count": 5, "of": 10}, "FCD/Test": {"of": 5}, "unique": {"count": 5, "of": 5}},
        "intervals": {"valid": [0.2, 0.8], "FCD/Test": None, "unique": [1.0, 1.0]},
    },
    {
        "n": 9,
        "valid": 0.9,
        "FCD/Test": 2.0,
        "unique": 1.0,
        "SNN/Test": 0.4,
        "counts": {"valid": {"count": 9, "of": 10}, "FCD/Test": {"of": 9}, "SNN/Test": {"of": 9}},
        "intervals": {"valid": [0.7, 1.0], "FCD/Test": [1.0, 4.0], "unique": None, "SNN/Test": [0.3, 0.5]},
    },
]
SETTINGS = [{"model": "grae", "training": {"seed": 0, "epochs": 3}}, {"model": "vae", "training": {"seed": 0}, "x": 1}]


def test_settings_that_differ_and_the_best_of_each_measure():
    both = side_by_side(["a", "b"], SETTINGS, FOUND)
    assert both.settings == {"model": ("grae", "vae"), "training.epochs": (3, None), "x": (None, 1)}
    best = {row.name: row.best for row in both.rows}
    assert best == {"valid": (1,), "unique": (0, 1), "FCD/Test": (1,), "SNN/Test": ()}
    record = both.to_dict()["measures"]
    assert record["FCD/Test"] == {  # pyright: ignore[reportIndexIssue]
        "values": [3.0, 2.0],
        "intervals": [None, [1.0, 4.0]],
        "of": [5, 9],
        "best": ["b"],
    }


def test_csv_has_a_line_each():
    rows = list(csv.DictReader(io.StringIO(side_by_side(["a", "b"], SETTINGS, FOUND).to_csv())))
    by_name = {row["name"]: row for row in rows}
    assert by_name["valid"] == {
        "kind": "measure", "name": "valid",
        "a": "0.5", "a low": "0.2", "a high": "0.8", "a of": "10",
        "b": "0.9", "b low": "0.7", "b high": "1.0", "b of": "10",
    }  # fmt: skip
    assert (by_name["SNN/Test"]["a"], by_name["SNN/Test"]["b"]) == ("", "0.4")
    assert (by_name["model"]["kind"], by_name["model"]["b"]) == ("setting", "vae")


def test_evaluations_are_kept_by_their_settings(tmp_path: Path):
    assert kept_evaluation(tmp_path, {"n": 1}) is None
    keep_evaluation(tmp_path, {"n": 1}, {"valid": 0.5})
    keep_evaluation(tmp_path, {"n": 2}, {"valid": 0.6})
    keep_evaluation(tmp_path, {"n": 1}, {"valid": 0.7})
    assert kept_evaluation(tmp_path, {"n": 1}) == {"valid": 0.7}
    assert kept_evaluation(tmp_path, {"n": 2}) == {"valid": 0.6}
    for n in range(MOST + 1):
        keep_evaluation(tmp_path, {"n": n}, {})
    assert kept_evaluation(tmp_path, {"n": 0}) is None
    assert kept_evaluation(tmp_path, {"n": MOST}) == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "grae evaluations 1", "evaluations": [1]}'])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: str):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(RunError, match="delete"):
        kept_evaluation(tmp_path, {})
