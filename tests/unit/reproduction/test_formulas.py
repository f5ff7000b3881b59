"""The twenty printed problems, and their comparison: the printed formulas are those that are computed."""

import json
import sys

import numpy as np
import pytest

from grae.errors import MissingExtraError, RunError, SettingsError
from grae.formulas.program import read
from grae.reproduction.formula_problems import PROBLEMS
from grae.reproduction.formulas import METHODS, reproduce_formulas


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_the_formula_that_is_printed_is_the_one_that_is_computed(problem):
    rows, y, test, expected = problem.sample(0)
    printed = read(problem.formula.replace("pi", "3.141592653589793"), problem.names)
    np.testing.assert_allclose(printed.values(rows.T), y)
    np.testing.assert_allclose(printed.values(test.T), expected, atol=1e-12)
    assert np.isfinite(y).all()
    assert np.isfinite(expected).all()
    lower, upper = np.array(problem.ranges).T
    assert (rows >= lower).all()
    assert (rows <= upper).all()


def test_there_are_twenty_and_samples_are_as_printed():
    assert len(PROBLEMS) == 20
    assert len({problem.name for problem in PROBLEMS}) == 20
    by_name = {problem.name: problem for problem in PROBLEMS}
    sizes = {name: [len(part) for part in by_name[name].sample(0)[::2]] for name in by_name}
    assert all(sizes[f"Nguyen-{number}"] == [20, 1000] for number in range(1, 13))
    assert sizes["Keijzer-7"] == [100, 991]
    assert sizes["Keijzer-9"] == [101, 1001]
    assert sizes["Keijzer-14"] == sizes["Keijzer-15"] == [20, 361_201]
    assert sizes["Feynman-I.27.6"] == [100, 1000]
    one, other = by_name["Nguyen-1"].sample(0)[0], by_name["Nguyen-1"].sample(1)[0]
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(one, by_name["Nguyen-1"].sample(0)[0])


def test_results_are_kept_and_a_table_is_written(tmp_path):
    lines: list[str] = []
    options = {"problems": ["Nguyen-8", "Feynman-I.12.1"], "methods": ["grae"], "evaluations": 300}
    rows = reproduce_formulas(tmp_path / "some", seeds=1, **options, tell=lines.append)
    assert [row["problem"] for row in rows] == ["Nguyen-8", "Feynman-I.12.1"]
    assert all(row["solved"] and row["seeds_solved"] == 1 for row in rows)
    assert len(lines) == 2
    reproduce_formulas(tmp_path / "some", seeds=2, **options, tell=lines.append)
    assert len(lines) == 4
    results = [json.loads(line) for line in (tmp_path / "some" / "results.jsonl").read_text().splitlines()]
    assert [(one["problem"], one["seed"]) for one in results] == [
        ("Nguyen-8", 0), ("Feynman-I.12.1", 0), ("Nguyen-8", 1), ("Feynman-I.12.1", 1),
    ]  # fmt: skip
    assert "grae: 2 of 2" in (tmp_path / "some" / "table.md").read_text()
    with pytest.raises(RunError, match="evaluations"):
        reproduce_formulas(tmp_path / "some", **{**options, "evaluations": 400})


def test_what_is_not_known_is_refused(tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match="unknown problem 'Nguyen-13'"):
        reproduce_formulas(tmp_path, problems=["Nguyen-13"])
    with pytest.raises(SettingsError, match="unknown method 'pysr'"):
        reproduce_formulas(tmp_path, methods=["pysr"])
    monkeypatch.setitem(sys.modules, "gplearn.genetic", None)
    with pytest.raises(MissingExtraError, match=r"grae\[peers\]"):
        reproduce_formulas(tmp_path, problems=["Nguyen-8"], methods=["gplearn"])


def test_gplearn_gets_as_many_evaluations():
    pytest.importorskip("gplearn", reason="needs the extra peers")
    rows, y, test, expected = PROBLEMS[7].sample(0)
    scored, _, predicted = METHODS["gplearn"](PROBLEMS[7], rows, y, test, 0, 1000)
    assert scored <= 1000
    assert predicted.shape == expected.shape
