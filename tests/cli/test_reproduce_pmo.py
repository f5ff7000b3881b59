"""`grae reproduce pmo` in small: a model trained, searches, the table beside the printed figures, resumed, refused."""

import csv
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from grae.chemistry import canonical_all
from grae.datasets import open_source
from grae.optimization import target_named
from grae.reproduction import pmo, pmo_table
from grae.reproduction.pmo_published import BY_TASK, SUMS
from grae.targets.benchmarks.efficiency import top_auc
from grae.targets.benchmarks.names import LEARNED, PMO

OPTIONS = (
    *("reproduce", "pmo", "--preset", "quick", "--epochs", "1", "--budget", "20", "--data", "some.smi"),
    *("--device", "cpu", "--seeds", "1", "--tasks", "median1", "--methods", "genetic,random"),
)


@pytest.fixture
def some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Small molecules, which are in some.smi too; a search starts from ten and takes two rounds of five."""
    monkeypatch.setattr(pmo, "STARTING", 2)
    monkeypatch.setattr(pmo, "ROUNDS", 4)
    forms = [form for form in canonical_all(islice(open_source("nci").texts(), 800)) if form and len(form) < 16][:120]
    (tmp_path / "some.smi").write_text("".join(f"{form}\n" for form in forms))
    return forms


def test_searches_beside_the_printed_figures(grae, some: list[str], monkeypatch: pytest.MonkeyPatch):
    first = grae(*OPTIONS)
    assert first.status == 0, first.err
    assert "search 2 of 2: median1, random, seed 0" in first.err
    assert first.out.splitlines()[-1] == "runs/pmo-20"
    folder = Path("runs/pmo-20")
    done = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert [(row["method"], row["evaluations"]) for row in done] == [("genetic", 20), ("random", 20)]
    median = target_named("pmo:median1")
    drawn = median.evaluate([some[row] for row in np.random.default_rng(0).permutation(len(some))[:20]])
    assert done[1]["auc"] == pytest.approx(top_auc(drawn, 20))
    assert done[1]["best"] == pytest.approx(drawn.max())
    history = folder / "searches/median1-genetic-0/history.jsonl"
    lines = history.read_text().splitlines(keepends=True)
    scores = [*drawn[:10], *(json.loads(line)["score"] for line in lines)]
    assert done[0]["auc"] == pytest.approx(top_auc(scores, 20))
    rows = json.loads((folder / "table.json").read_text())

    monkeypatch.setattr(pmo, "train", None)  # the model is not trained again, and what is done not searched again
    more = grae(*OPTIONS, "--seeds", "2", "--methods", "random", "--tasks", "median1,qed", "--json")
    assert (more.status, more.out.count("\n")) == (0, 1)
    assert "search 1 of 3: qed, random, seed 0" in more.err
    others = more.json["rows"]
    assert others == json.loads((folder / "table.json").read_text())
    assert [(row["task"], row["seeds"]) for row in others] == [("median1", 2), ("qed", 2), ("sum", 2)]
    assert others[0]["aucs"][0] == done[1]["auc"]
    assert others[2]["auc"] == pytest.approx(others[0]["auc"] + others[1]["auc"])
    table = list(csv.DictReader((folder / "table.csv").read_text().splitlines()))
    assert float(table[0]["auc"]) == others[0]["auc"]
    refused = grae(*OPTIONS, "--data", "other.smi")
    assert (refused.status, refused.out) == (2, "")
    assert "holds another experiment: data" in " ".join(refused.err.split())

    (folder / "results.jsonl").unlink()  # as after a kill during the search
    history.write_text("".join(lines[:7]))
    again = grae(*OPTIONS, "--json")
    assert again.status == 0, again.err
    assert again.json["rows"] == rows
    assert history.read_text().splitlines(keepends=True)[:7] == lines[:7]


def test_what_it_refuses(grae, some: list[str]):
    for options, message in (
        (("--tasks", "median3"), "unknown task of pmo 'median3'"),
        (("--methods", "genetics"), "unknown method 'genetics'"),
        (("--tasks", "gsk3b"), "needs its classifier"),
        (("--run", "nowhere"), "no run 'nowhere'"),
    ):
        refused = grae(*OPTIONS, *options)
        assert (refused.status, refused.out) == (2, ""), refused.err
        assert message in " ".join(refused.err.split())
    assert not Path("runs").exists()


def test_tasks_without_a_classifier_cost_a_line(grae, some: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pmo, "PMO", ("qed", *LEARNED))
    ended = grae(*OPTIONS[:-4], "--methods", "random", "--json")
    assert ended.status == 0, ended.err
    assert [row["task"] for row in ended.json["rows"]] == ["qed", "sum"]
    for name in LEARNED:
        assert sum(f"left out: target pmo:{name} needs its classifier" in line for line in ended.err.splitlines()) == 1
    assert "python tests/benchmarks/pmo_classifiers.py" in ended.err


def test_the_table_at_a_published_budget():
    done = [
        {"task": task, "method": method, "seed": seed, "auc": 0.1 * seed + value, "top10": 0.5, "best": 0.9,
         "molecule": "CCO", "evaluations": 10_000}
        for task in ("median1", "jnk3", "qed")
        for method, value in (("trust-region", 0.3), ("random", 0.2))
        for seed in range(3)
    ]  # fmt: skip
    rows = pmo_table.rows_of(done, ["median1", "jnk3", "qed"], ["trust-region", "random"], 2)
    assert rows[0]["auc"] == pytest.approx(0.35)
    assert rows[0]["auc_deviation"] == pytest.approx(0.1 / 2**0.5)
    heads, lines = pmo_table.wide(rows, 10_000)
    assert heads == ["task", "trust-region", "random", "Tanimoto-GP, printed"]
    assert lines == [
        ["median1", "0.350 ± 0.071", "0.250 ± 0.071", "0.415"],
        ["jnk3", "0.350 ± 0.071", "0.250 ± 0.071", None],
        ["qed", "0.350 ± 0.071", "0.250 ± 0.071", "0.947"],
        ["sum of 3", "1.050 ± 0.212", "0.750 ± 0.212", None],
        ["sum of 2 printed", "0.700", "0.500", "1.362"],
    ]
    text = pmo_table.as_markdown(rows, 10_000)
    for word in ("| Tanimoto-GP | 16.30 |", "| REINVENT | 14.20 |", "which is not counted", "10,000 evaluations"):
        assert word in text
    assert "printed" not in pmo_table.as_markdown(rows, 500)
    assert pmo_table.wide(rows, 1_000)[0] == ["task", "trust-region", "random"]
    assert "| GP BO | 11.27 |" in pmo_table.as_markdown(rows, 1_000)


def test_the_printed_figures_are_of_the_tasks():
    (by_task,) = BY_TASK[10_000].values()
    assert set(by_task) == set(PMO) - set(LEARNED)
    for sums in SUMS.values():
        totals = [one.total for one in sums]
        assert totals == sorted(totals, reverse=True)
