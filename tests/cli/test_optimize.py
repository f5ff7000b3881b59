"""`grae optimize`: its table, its JSON, its folder, and what it refuses."""

import json
import sys
from pathlib import Path

import pytest

from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A folder with a run of expressions and a run of lists, `runs/arithmetic-grae-1` and `runs/lists`."""
    from typer.testing import CliRunner

    from grae.cli.main import app

    folder = tmp_path_factory.mktemp("searched")
    grammar = load_grammar("arithmetic")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 250, 8, 0)]
    (folder / "some.txt").write_text("\n".join(texts) + "\n")
    options = ["--preset", "quick", "--epochs", "2", "--latent-dim", "6", "--batch-size", "32"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(app, ["train", "-g", "arithmetic", "-d", "some.txt", "--json", *options])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def optimize(searched: Path, tmp_path: Path, grae):
    """`grae optimize` in a folder where the run is the latest; few rounds."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "arithmetic-grae-1").symlink_to(searched / "runs" / "arithmetic-grae-1")

    def run(*arguments: str):
        return grae("optimize", "--rounds", "2", "--batch-size", "4", *arguments)

    return run


def test_json_is_one_object_and_the_folder_holds_the_search(optimize):
    ended = optimize("--target", "log-mse", "--start", "worst-half", "--out", "found", "--json")
    assert ended.status == 0
    told = ended.json
    assert ended.out.count("\n") == 1
    assert (told["calls"], told["target"], told["direction"]) == (8, "log-mse", "minimize")
    assert 0 < told["start"]["strings"] < told["start"]["of"]  # the worse half
    assert 0 < told["valid"] <= 1
    scores = [one["score"] for one in told["best"]]
    assert scores == sorted(scores)
    lines = [json.loads(line) for line in Path("found/history.jsonl").read_text().splitlines()]
    assert min(line["score"] for line in lines if line["valid"]) == scores[0]
    assert sorted(path.name for path in Path("found").iterdir()) == [
        "best-curves.png", "history.jsonl", "progress.png", "search.json",
    ]  # fmt: skip
    assert "run: runs/arithmetic-grae-1" in ended.err
    again = optimize("--target", "log-mse", "--start", "worst-half", "--out", "found", "--json")
    assert (again.status, again.out) == (2, "")
    assert "--resume" in again.err
    longer = optimize("--target", "log-mse", "--start", "worst-half", "--out", "found", "--json", "--resume")
    assert longer.json["calls"] == 8


def test_the_table_names_the_best_and_the_papers_statistics(optimize, searched: Path):
    Path("own.py").write_text(
        "def xs(text):\n    if 'sin' in text: raise ValueError('no')\n    return text.count('x')\n"
    )
    options = ("--target", "own.py:xs", "--minimize", "--start", str(searched / "some.txt"), "--start-limit", "20")
    ended = optimize("runs/arithmetic-grae-1", *options, "--protocol", "random")
    assert ended.status == 0, ended.err
    for word in ("own.py:xs", "string", "average of the valid", "best three", "8"):
        assert word in ended.out
    assert "8/8 calls" in ended.err
    assert "scoring the strings to start from 100%" in ended.err
    assert "started from 20 of" in ended.err
    (folder,) = (Path("runs/arithmetic-grae-1") / "optimize").iterdir()
    try:
        assert folder.name == "own.py_xs-1"
        settings = json.loads((folder / "search.json").read_text())
        assert (settings["protocol"], settings["direction"]) == ("random", "minimize")
        resumed = optimize("runs/arithmetic-grae-1", *options, "--protocol", "random", "--resume", "--json")
        assert (resumed.status, resumed.json["out"]) == (0, str(folder))
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def test_bad_input(optimize, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    for arguments, message in (
        (("--target", "logp"), "no run of molecules"),
        (("--target", "lgp"), "did you mean 'logp'"),
        (("--target", "0.5*logp + 0.5*log-mse"), "differs in language"),
        (("--target", "log-mse", "--formula", "2*z"), "^ expected one of"),
        (("--target", "log-mse", "--points", "nowhere.csv"), "nowhere.csv"),
        (("--target", "nowhere.py:f"), "no file nowhere.py"),
        (("--target", "log-mse", "--start", "nowhere.txt"), "nowhere.txt"),
        (("--target", "log-mse", "--column", "a"), "training strings"),
        (("--target", "log-mse", "--resume"), "no search of target"),
        (("--target", "log-mse", "--minimize"), "direction of its own"),
        (("--target", "log-mse", "--attempts", "3"), "of the paper protocol"),
        (("--target", "log-mse", "--backend", "ray", "--workers", "2"), "grae[ray]"),
        (("nowhere", "--target", "log-mse"), "no run 'nowhere'"),
        (("runs/arithmetic-grae-1", "--target", "qed"), "scores molecules"),
    ):
        ended = optimize(*arguments)
        assert (ended.status, ended.out) == (2, ""), (arguments, ended.err)
        assert message in ended.err, (arguments, ended.err)
    assert not any(Path("runs/arithmetic-grae-1").glob("optimize/*/history.jsonl"))


def test_a_model_trained_on_during_the_search_is_a_run(optimize, grae, monkeypatch):
    from grae.optimization import retraining

    monkeypatch.setattr(retraining, "DRAWN", 200)
    ended = optimize("--target", "log-mse", "--out", "found", "--retrain-every", "1", "--json")
    assert ended.status == 0, ended.err
    assert ended.json["seconds"]["retrain"] > 0
    assert [path.name for path in Path("found").glob("retrained-*")] == ["retrained-1"]
    sampled = grae("sample", "found/retrained-1", "-n", "3", "--json")
    assert len(sampled.json["samples"]) == 3
    refused = optimize("--target", "log-mse", "--out", "other", "--retrain-every", "1", "--protocol", "paper")
    assert (refused.status, refused.out) == (2, "")
    assert "--retrain-every" in refused.err
