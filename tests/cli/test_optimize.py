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
    found = min(line["score"] for line in lines if line["valid"])
    assert found == told["found"][0]["score"]
    assert scores[0] == min(found, told["start"]["best"]["score"])
    assert told["improved"] is (told["best"][0]["from"] == "search")
    assert sorted(path.name for path in Path("found").iterdir()) == [
        "best-curves.png", "history.jsonl", "progress.png", "search.json", "start-scores.jsonl", "start.json",
    ]  # fmt: skip
    assert "run: runs/arithmetic-grae-1" in ended.err
    again = optimize("--target", "log-mse", "--start", "worst-half", "--out", "found", "--json")
    assert (again.status, again.out) == (2, "")
    assert "--resume" in again.err
    longer = optimize("--target", "log-mse", "--start", "worst-half", "--out", "found", "--json", "--resume")
    assert longer.json["calls"] == 8


def test_the_table_names_the_best_and_the_papers_statistics(optimize, grae, searched: Path):
    Path("own.py").write_text(
        "def xs(text):\n    if 'sin' in text: raise ValueError('no')\n    return text.count('x')\n"
    )
    options = ("--target", "own.py:xs", "--minimize", "--start", str(searched / "some.txt"), "--start-limit", "20")
    ended = optimize("runs/arithmetic-grae-1", *options, "--strategy", "random", "-v")
    assert ended.status == 0, ended.err
    for word in ("own.py:xs", "string", "from", "start", "average score", "best three", "8"):
        assert word in ended.out
    assert "8/8 evaluations" in ended.err
    assert "own.py:xs failed on" in ended.err
    assert "in xs" in ended.err
    assert "calls of the target failed" in ended.err
    assert ("no improvement" in ended.err) or ("improved from" in ended.err)
    assert "scoring the strings to start from 100%" in ended.err
    assert "started from 20 of" in ended.err
    (folder,) = (Path("runs/arithmetic-grae-1") / "optimize").iterdir()
    try:
        assert folder.name == "own-xs-1"
        settings = json.loads((folder / "search.json").read_text())
        assert (settings["strategy"], settings["direction"]) == ("random", "minimize")
        resumed = grae("optimize", "runs/arithmetic-grae-1", "--resume", "--rounds", "3", "--json")
        assert (resumed.status, resumed.json["out"], resumed.json["calls"]) == (0, str(folder), 12)
        assert resumed.json["start"]["strings"] == 20
        for option, message in (
            (("--seed", "3"), "--seed 3: the search in"),
            (("--strategy", "paper"), "was started with --strategy random"),
            (("--target", "log-mse"), "no search of target"),
            (("--start", "worst-half"), "--start worst-half"),
            (("--attempts", "3"), "was started without --attempts"),
            (("--batch",), "--batch: the search"),
        ):
            refused = grae("optimize", "runs/arithmetic-grae-1", "--resume", *option)
            assert (refused.status, refused.out) == (2, "")
            assert message in refused.err, refused.err
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


PRINTING = """
import os
import sys
print("loading")
def score(text):
    print("scoring")
    os.system("echo from a program")
    if "exp" in text:
        sys.exit(3)
    return len(text)
"""


def test_a_target_that_prints_and_exits_leaves_one_json_object(program, searched: Path, tmp_path: Path):
    (tmp_path / "printing.py").write_text(PRINTING)
    ended = program(
        "optimize", searched / "runs" / "arithmetic-grae-1", "--target", "printing.py:score", "--out", "found",
        "--start", searched / "some.txt", "--start-limit", "30", "--rounds", "1", "--batch-size", "3", "--json",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    told = ended.json
    assert told["failures"]["SystemExit"] > 0
    assert "from a program" in ended.err


def test_code_of_ones_own_that_is_broken_is_bad_input(optimize, tmp_path: Path):
    Path("broken.py").write_text("import math\ndef score(text):\n    return math.\n")
    Path("failing.py").write_text("def score(text):\n    return 1 / 0\n")
    ended = optimize("--target", "broken.py:score", "--json")
    assert (ended.status, ended.out) == (2, "")
    assert "line 3" in ended.err
    assert "broken.py" in ended.err
    stopped = optimize("--target", "failing.py:score", "--start-limit", "50", "--out", "failed")
    assert (stopped.status, stopped.out) == (2, "")
    for words in ("first 10", "10 x ZeroDivisionError", "failing.py", "line 2"):
        assert words in stopped.err
    assert stopped.err.count("Traceback") == 1  # as it is seen first, not again in the error
    assert stopped.err.count("search: failed") == 1
    assert len(Path("failed/start-scores.jsonl").read_text().splitlines()) == 10
    Path("failing.py").write_text("def score(text):\n    return len(text)\n")
    again = optimize("--resume", "--out", "failed", "--json")
    assert (again.status, again.json["calls"]) == (0, 8), again.err


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("0.7*logp + 0.3*qed", "logp-qed"),
        ("min(clip(raw-logp, 0, 3)/3, sigmoid(qed, 0.6, 0.1))", "raw-logp-qed"),
        ("log-mse", "log-mse"),
        ("/home/me/my work/mine.py:score", "mine-score"),
        ("package.module:function", "module-function"),
        ("mine.py:" + 60 * "f", "mine-" + 35 * "f"),
    ],
)
def test_folders_of_searches_have_short_names(target: str, name: str):
    from grae.optimization.runs import short_name

    assert short_name(target) == name


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
        (("--target", "qed", "--batch"), "--batch"),
        (("--resume",), "holds no search"),
        (("--resume", "--out", "nowhere"), "nowhere holds no search to resume"),
        (("--target", "clip(logp)"), "--target"),
        (("--target", "log-mse", "--minimize"), "direction of its own"),
        (("--target", "log-mse", "--attempts", "3"), "requires the strategy paper"),
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
    refused = optimize("--target", "log-mse", "--out", "other", "--retrain-every", "1", "--strategy", "paper")
    assert (refused.status, refused.out) == (2, "")
    assert "--retrain-every" in refused.err


@pytest.mark.parametrize("name", ["best.csv", "best.tsv", "best.smi"])
def test_strings_of_a_search_are_written_with_their_scores(optimize, name: str):
    ended = optimize("--target", "log-mse", "--out", "found", "--csv", name, "--json")
    assert ended.status == 0, ended.err
    lines = Path(name).read_text().splitlines()
    if name.endswith(".smi"):
        rows = [line.split("\t") for line in lines]
    else:
        assert lines[0].replace("\t", ",") == "expression,score,from,round"
        rows = [line.replace("\t", ",").split(",") for line in lines[1:]]
    best = ended.json["best"]
    assert [(row[0], pytest.approx(float(row[1]))) for row in rows[: len(best)]] == [
        (one["string"], one["score"]) for one in best
    ]
    assert len(rows) >= 200


def test_codes_of_another_width_end_a_resumed_search(optimize):
    assert optimize("--target", "log-mse", "--out", "found", "--json").status == 0
    file = Path("found/history.jsonl")
    lines = file.read_text().splitlines()
    first = json.loads(lines[0])
    file.write_text("\n".join([json.dumps({**first, "code": first["code"][:-1]}), *lines[1:]]) + "\n")
    ended = optimize("--resume", "--out", "found", "--rounds", "3")
    assert (ended.status, ended.out) == (2, "")
    assert "history.jsonl line 1: code holds 5 numbers, expected 6" in ended.err
    assert "search: " not in ended.err


def test_a_folder_is_named_once_it_is_used(optimize):
    Path("molecules.txt").write_text("CCO\nc1ccccc1\n")
    ended = optimize("--target", "log-mse", "--start", "molecules.txt")
    assert (ended.status, ended.out) == (2, "")
    assert "search: " not in ended.err
    assert not any(Path("runs/arithmetic-grae-1").glob("optimize/*/history.jsonl"))


def test_a_search_again_from_its_own_settings(optimize, grae):
    ended = optimize("--target", "log-mse", "--start", "worst-half", "--seed", "5", "--out", "first", "--json")
    assert ended.status == 0, ended.err
    again = grae("optimize", "--config", "first/search.json", "--out", "second", "--json")
    assert again.status == 0, again.err
    assert again.json["found"] == ended.json["found"]
    histories = [
        [json.loads(line)["string"] for line in Path(folder, "history.jsonl").read_text().splitlines()]
        for folder in ("first", "second")
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 8


def test_a_pipe_gets_a_line_a_round_only_when_asked(optimize):
    quiet = optimize("--target", "log-mse", "--out", "found")
    assert "/8 evaluations" not in quiet.err
    assert "scoring the strings" not in quiet.err
    verbose = optimize("--target", "log-mse", "--out", "again", "-v")
    assert verbose.err.count("/8 evaluations") == 2


def test_a_condition_is_kept_and_said(optimize, tmp_path: Path):
    options = ["--target", "log-mse", "--propose", "latent", "--out", "found"]
    ended = optimize(*options, "--where", "symbols <= 7 and symbols != 5", "--csv", "all.csv")
    assert ended.status == 0
    assert "fulfils" in ended.out
    assert "of these fulfil symbols <= 7 and symbols != 5" in ended.err
    assert "100.0 % of the valid evaluations fulfil symbols <= 7 and symbols != 5" in ended.err
    assert "fulfils" in (tmp_path / "all.csv").read_text().splitlines()[0]
    again = optimize("--out", "found", "--resume", "--rounds", "3", "--json").json
    assert (again["where"], again["fulfilled"]) == ("symbols <= 7 and symbols != 5", 1.0)
    changed = optimize("--out", "found", "--resume", "--where", "symbols <= 8")
    assert changed.status == 2
    assert "was started with --where symbols <= 7 and symbols != 5" in changed.err
    unknown = optimize("--target", "log-mse", "--where", "symbl < 3")
    assert unknown.status == 2
    assert "did you mean 'symbols'" in unknown.err


def test_every_result_holds_the_template(optimize):
    options = ["--target", "log-mse", "--propose", "derivation", "--surrogate", "none", "--most-symbols", "12"]
    ended = optimize(*options, "--template", "x + sin(<S>)", "--out", "found")
    assert ended.status == 0, ended.err
    assert "which hold x + sin(<S>), and" in " ".join(ended.err.split())
    lines = [json.loads(line) for line in Path("found/history.jsonl").read_text().splitlines()]
    assert len(lines) == 8
    assert all(line["string"].startswith("x+sin(") for line in lines)
    again = optimize("--out", "found", "--resume", "--rounds", "3", "--json").json
    assert (again["calls"], again["template"]) == (12, "x + sin(<S>)")
    assert 0 < again["start"]["sampled"] <= again["start"]["strings"]
    changed = optimize("--out", "found", "--resume", "--template", "<S>/x")
    assert (changed.status, changed.out) == (2, "")
    assert "was started with --template x + sin(<S>)" in changed.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--template", "x + sin(<S>"), "template: no production continues the end of the string at position 11"),
        (("--template", "x+1"), "no hole"),
        (("--template", "x+" * 60 + "<T>"), "has no string of at most"),
        (("--template", "<S>/x", "--strategy", "paper"), "the paper strategy knows no templates"),
    ],
)
def test_a_template_that_does_not_suit(optimize, options, message):
    ended = optimize("--target", "log-mse", "--out", "found", *options)
    assert (ended.status, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert not Path("found").exists()


def test_several_targets_give_a_front(optimize, tmp_path: Path):
    (tmp_path / "short.py").write_text("def length(text):\n    return len(text)\n")
    options = ["--target", "log-mse", "--target", "short.py:length", "--minimize", "--propose", "latent"]
    ended = optimize(*options, "--out", "found", "--csv", "all.csv", "--start-limit", "60")
    assert ended.status == 0
    assert "hypervolume" in ended.err
    assert "reference point: their medians, log-mse" in ended.err
    names = {path.name for path in Path("found").iterdir()}
    assert {"front.csv", "front.png", "hypervolume.png", "start-scores-2.jsonl"} <= names
    rows = (Path("found") / "front.csv").read_text().splitlines()
    assert rows[0] == "string,log-mse,short.py:length,from,round"
    scores = [tuple(map(float, row.split(",")[-4:-2])) for row in rows[1:]]
    assert scores == sorted(scores)
    assert [length for _, length in scores] == sorted((length for _, length in scores), reverse=True)
    header = (tmp_path / "all.csv").read_text().splitlines()[0]
    assert {"log-mse", "short.py:length", "score"} <= set(header.split(","))
    again = optimize("--out", "found", "--resume", "--rounds", "3", "--json")
    assert again.json["calls"] == 12
    assert again.json["hypervolume"]["end"] >= again.json["hypervolume"]["start"] > 0
    for options, message in (
        (["--target", "log-mse", "--target", "log-mse"], "given twice"),
        (["--target", "log-mse", "--target", "fit"], "target fit with other targets"),
        (
            ["--target", "log-mse", "--target", "short.py:length", "--strategy", "paper"],
            "paper strategy has one target",
        ),
    ):
        refused = optimize(*options)
        assert refused.status == 2
        assert message in refused.err
