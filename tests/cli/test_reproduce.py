"""`grae reproduce structured`: its table, its JSON, runs that are taken, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.optimization import paper
from grae.reproduction import SCALES, Scale
from grae.reproduction.scales import Objects

QUICK: dict[str, Any] = {"preset": "quick", "epochs": 1, "latent_dim": 4, "batch_size": 32}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`--scale small` made tiny: expressions alone, one round of three points; gives the file of the strings."""
    grammar = load_grammar("arithmetic")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 60, 7, 0)]
    path = tmp_path / "some.txt"
    path.write_text("\n".join(texts) + "\n")
    objects = {"expressions": Objects("arithmetic", str(path), "log-mse", 3, QUICK)}
    monkeypatch.setitem(SCALES, "small", Scale(objects, 2, 1, 3, 0, "a test of the command"))
    monkeypatch.setattr(paper, "INDUCING", 20)
    return path


def test_the_table_and_its_json(grae, small):
    options = ("reproduce", "structured", "--scale", "small", "--models", "grae,gcvvae", "--device", "cpu")
    ended = grae(*options)
    assert ended.status == 0, ended.err
    assert "scale small: a test of the command" in ended.out
    assert "scale small: a test of the command" in ended.err
    for word in ("grae", "gcvvae", "1.00 ± 0.00", "3.22 ± 0.03", "0.39, 0.39, 0.43"):
        assert word in ended.out
    assert ended.out.splitlines()[-1] == "runs/structured-small"
    files = {path.name for path in Path("runs/structured-small").iterdir() if path.is_file()}
    assert files == {"experiment.json", "trials.jsonl", "table.csv", "table.json", "table.md", "table.png"}
    again = grae(*options, "--json")
    assert (again.status, again.out.count("\n")) == (0, 1)
    assert "done before" in again.err
    assert again.json["scale"] == "small"
    assert again.json["rows"] == json.loads(Path("runs/structured-small/table.json").read_text())
    assert [row["model"] for row in again.json["rows"]] == ["grae", "gcvvae"]


def test_a_run_is_taken_instead_of_trained(grae, small):
    made = ["--preset", "quick", "--epochs", "1", "--latent-dim", "4", "--out", "mine"]
    assert grae("train", "-g", "arithmetic", "-d", str(small), "--model", "gvae", *made).status == 0
    options = ("reproduce", "structured", "--scale", "small", "--device", "cpu", "--models", "gvae", "--trials", "1")
    ended = grae(*options, "--runs", "gvae=mine", "--out", "found", "--json")
    assert ended.status == 0, ended.err
    assert ended.json["rows"][0]["trials"] == 1
    assert not Path("found/expressions-gvae").exists()
    assert json.loads(Path("found/experiment.json").read_text())["runs"] == {
        "expressions gvae": str(Path("mine").absolute())
    }
    other = grae(*options, "--out", "found")
    assert (other.status, other.out) == (2, "")
    assert "another experiment: runs" in other.err
    wrong = grae(*options[:-4], "--models", "grae", "--runs", "grae=mine", "--out", "wrong")
    assert (wrong.status, wrong.out) == (2, "")
    assert "a run of model 'gvae', not 'grae'" in wrong.err


def test_what_it_refuses(grae, small):
    for arguments, message in (
        (("--models", "grea"), "did you mean 'grae'"),
        (("--objects", "molecules"), "unknown objects 'molecules'"),
        (("--runs", "mine"), "MODEL=RUN"),
        (("--runs", "grae=nowhere"), "no run 'nowhere'"),
        (("--trials", "0"), "--trials"),
    ):
        ended = grae("reproduce", "structured", "--scale", "small", "--out", "found", *arguments)
        assert (ended.status, ended.out) == (2, ""), (arguments, ended.err)
        assert message in ended.err, (arguments, ended.err)
    assert not Path("found").exists()
