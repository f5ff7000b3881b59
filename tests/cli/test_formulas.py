"""`grae optimize --target fit`: the front, its files, resuming, and what it refuses."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def fit(tmp_path: Path, grae):
    rng = np.random.default_rng(0)
    rows = rng.uniform(0.2, 3.0, (40, 2))
    y = 2.5 * rows[:, 0] ** 2 + 4.0
    lines = [f"{a},{b},{c}" for (a, b), c in zip(rows.tolist(), y.tolist(), strict=True)]
    (tmp_path / "measured.csv").write_text("\n".join(["time (s),p,y", *lines]) + "\n")
    (tmp_path / "points.txt").write_text("\n".join(f"{a} {2 * a + 1}" for a in rows[:, 0].tolist()))

    def run(*arguments: str):
        return grae("optimize", "--target", "fit", "--batch-size", "50", "--evaluations", "200", *arguments)

    return run


def test_a_table_gives_a_front_with_its_files(fit, tmp_path):
    done = fit("--data", "measured.csv", "--test", ".25", "--csv", "front.csv", "--json")
    assert done.status == 0
    told = json.loads(done.out)
    assert (told["rows"], told["test_rows"]) == (30, 10)
    assert told["columns"] == {"time_s": "time (s)", "p": "p"}
    assert told["ended"] == "exact"
    assert told["chosen"]["formula"].startswith("2.5*")
    assert told["chosen"]["test_r2"] > 0.999999
    folder = Path(told["out"])
    assert folder == Path("runs/formulas/measured-1")
    for name in ("search.json", "history.jsonl", "grammar.cfg", "equations.csv", "front.png", "fit.png"):
        assert (tmp_path / folder / name).stat().st_size > 0
    with open(tmp_path / "front.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["complexity"]) for row in rows] == [one["complexity"] for one in told["equations"]]
    assert rows[-1]["latex"].startswith("2.5 time_{s}^{2}")
    shown = fit("--data", "measured.csv")
    assert f"search: {Path('runs/formulas/measured-2')}" in shown.err
    assert "y = 2.5*time_s^2 + 4" in shown.out
    assert "'time (s)' as time_s" in shown.err


def test_points_and_the_column_to_explain(fit):
    told = json.loads(fit("--points", "points.txt", "--json").out)
    assert told["chosen"]["formula"] == "2*x + 1"
    told = json.loads(fit("--data", "measured.csv", "--y", "p", "--json").out)
    assert told["columns"] == {"time_s": "time (s)", "y": "y"}


def test_a_search_resumes_with_its_own_options(fit, grae):
    assert fit("--data", "measured.csv", "--y", "p", "-o", "here").status == 0
    done = grae("optimize", "--target", "fit", "--resume", "-o", "here", "--evaluations", "250", "--json")
    assert json.loads(done.out)["evaluations"] == 250
    assert len(Path("here/history.jsonl").read_text().splitlines()) == 250
    refused = grae("optimize", "--target", "fit", "--resume", "-o", "here", "--seed", "3")
    assert refused.status == 2
    assert "here was started with seed 0, not 3" in refused.err
    again = fit("--data", "measured.csv", "-o", "here")
    assert again.status == 2
    assert "already holds a search" in again.err
    other = grae("optimize", "--target", "fit", "--resume", "-o", "here", "--most-productions", "9")
    assert "here was started with most productions 30, not 9" in other.err
    history = Path("here/history.jsonl")
    lines = history.read_text().splitlines()
    for damaged in ([lines[0][:20], *lines[1:]], [line.replace('"formula": "', '"formula": "c + ') for line in lines]):
        history.write_text("\n".join(damaged) + "\n")
        ended = grae("optimize", "--target", "fit", "--resume", "-o", "here")
        assert ended.status == 2
        assert "here/history.jsonl" in ended.err or "round 1 of the history is of another search" in ended.err
        assert "search: " not in ended.err


def test_a_function_of_ones_own_and_a_known_form(fit, tmp_path):
    (tmp_path / "mine.py").write_text("def square(a):\n    return a * a\n")
    (tmp_path / "form.cfg").write_text("S -> 'c' '*' 'square(' variable ')' '+' 'c'\nvariable -> 'x'\n")
    told = json.loads(
        fit("--data", "measured.csv", "--grammar", "form.cfg", "--function", "square=mine.py:square", "--json").out
    )
    assert told["chosen"]["formula"].startswith("2.5*")
    assert "square(time_s)" in told["chosen"]["formula"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "target fit: no data"),
        (("--data", "measured.csv", "--points", "points.txt"), "data and points at once"),
        (("--points", "points.txt", "--y", "x"), "points have no columns to name"),
        (("--data", "none.csv"), "none.csv"),
        (("--data", "measured.csv", "--y", "z"), "unknown column (--y)"),
        (("--data", "measured.csv", "--strategy", "genetic"), "--strategy does not apply to target fit"),
        (("--data", "measured.csv", "--function", "square"), "--function 'square'"),
        (("--data", "measured.csv", "--function", "f=none.py:f"), "--function f: there is no file none.py"),
        (("--data", "measured.csv", "--grammar", "smiles"), "is neither a column nor a function"),
        (("--data", "measured.csv", "--resume"), "holds no search"),
    ],
)
def test_what_does_not_go_together_is_refused(fit, arguments, message):
    done = fit(*arguments)
    assert done.status == 2
    assert "search: " not in done.err  # none was begun
    assert message in done.err.replace("\n", " ")


def test_its_options_belong_to_it(grae):
    done = grae("optimize", "--target", "logp", "--data", "measured.csv")
    assert done.status == 2
    assert "--data requires --target fit" in done.err


def test_saved_options_and_settings_make_the_search_again(fit, grae):
    assert (
        fit("--data", "measured.csv", "--y", "p", "--function", "f=numpy:tanh", "--save-config", "fit.toml").status == 0
    )
    history = Path("runs/formulas/measured-1/history.jsonl").read_text()
    for number, file in ((2, "fit.toml"), (3, "runs/formulas/measured-1/search.json")):
        again = grae("optimize", "--config", file)
        assert again.status == 0, again.err
        assert Path(f"runs/formulas/measured-{number}/history.jsonl").read_text() == history
    resumed = grae("optimize", "--config", "fit.toml", "--resume", "--out", "runs/formulas/measured-1")
    assert resumed.status == 0, resumed.err
    with open("fit.toml", "a") as file:
        file.write("rounds = 3\n")
    refused = grae("optimize", "--config", "fit.toml")
    assert (refused.status, "--rounds does not apply to target fit" in refused.err) == (2, True)
