"""`grae analogs` and `grae interpolate`."""

import csv
from pathlib import Path

import pytest

LEAD = "[a,[b],a,b]"


def test_analogs(grae, trained: Path, tmp_path: Path):
    run = trained / "runs" / "lists-grae-1"
    options = [LEAD, "--run", run, "-n", "8", "--least-similarity", "0.2", "--seed", "1"]
    ended = grae("analogs", *options, "--json")
    assert ended.status == 0
    analogs = ended.json["analogs"]
    texts = [analog["string"] for analog in analogs]
    assert len(set(texts)) == len(texts) == ended.json["n"] == 8
    assert LEAD not in texts
    assert all(0.2 <= analog["similarity"] <= 1 for analog in analogs)
    assert "8 of 8 analogs" in ended.err
    shown = grae("analogs", *options)
    assert "similarity" in shown.out
    assert texts[0] in shown.out
    grae("analogs", *options, "--out", "near.csv")
    with Path("near.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["string"] for row in rows] == texts
    assert set(rows[0]) == {"string", "similarity", "distance", "source"}
    grae("analogs", *options, "--out", "near.txt")
    assert Path("near.txt").read_text().splitlines() == texts


def test_analogs_under_a_template_and_a_rule(grae, trained: Path, tmp_path: Path):
    (tmp_path / "mine.py").write_text("def short(text):\n    return len(text) < 14\n")
    run = trained / "runs" / "lists-grae-1"
    options = [LEAD, "--run", run, "-n", "5", "--least-similarity", "0", "--rule", "mine.py:short"]
    ended = grae("analogs", *options, "--template", "[a,<item>,<items>]", "--json")
    texts = [analog["string"] for analog in ended.json["analogs"]]
    assert texts
    assert all(text.startswith("[a,") and len(text) < 14 for text in texts)
    (tmp_path / "mine.py").write_text("def short(text):\n    return False\n")
    refused = grae("analogs", *options)
    assert (refused.status, refused.out) == (2, "")
    assert "were refused" in refused.err
    assert "remedy: ask less of them (--rule, --where)" in " ".join(refused.err.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["[a;b]"], "no terminal of the grammar"),
        ([LEAD, "--template", "[a"], "template"),
        ([LEAD, "--draw", "new.png"], "cannot draw"),
        ([LEAD, "--rule", "mine.py:holds"], "no Python file"),
        ([LEAD, "--least-similarity", "2"], "--least-similarity"),
    ],
)
def test_bad_input(grae, trained: Path, options, message):
    ended = grae("analogs", *options, "--run", trained / "runs" / "lists-grae-1")
    assert ended.status == 2
    assert message in " ".join(ended.err.split())


def test_interpolate(grae, trained: Path):
    run = trained / "runs" / "lists-grae-1"
    ended = grae("interpolate", LEAD, "[b,b]", "--run", run, "-n", "6", "--json")
    assert ended.status == 0
    strings = ended.json["strings"]
    assert 1 <= len(strings) <= 6
    assert strings[0]["from"] == 0
    shown = grae("interpolate", LEAD, "[b,b]", "--run", run, "-n", "6", "--path", "spherical")
    assert shown.status == 0
    assert "to first" in shown.out
    refused = grae("interpolate", LEAD, "[b", "--run", run)
    assert refused.status == 2
    assert "expected" in refused.err
