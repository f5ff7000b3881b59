"""Training from the command line: a new run, a run that goes on, and all that must not start."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUICK = ("--preset", "quick", "--epochs", "1", "--motifs", "0", "--latent-dim", "4", "--batch-size", "64")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_json_says_what_was_done_and_nothing_else_is_on_stdout(trained: Path):
    told = json.loads((trained / "train.json").read_text())
    assert told["run"] == "runs/lists-grae-1"
    assert (told["grammar"], told["model"]) == ("lists", "grae")
    assert (told["data"]["read"], told["data"]["kept"]) == (301, 300)
    assert told["data"]["rejected"] == {"outside the grammar": 1}
    assert told["data"]["train"] + told["data"]["validation"] + told["data"]["test"] == 300
    assert told["data"]["test"] > 0
    assert told["training"]["ended"] == "epochs"


def test_run_holds_the_files_of_a_run(trained: Path):
    run = trained / "runs" / "lists-grae-1"
    names = {path.name for path in run.iterdir()}
    assert {"model.safetensors", "config.json", "grammar.cfg", "density.safetensors", "metrics.jsonl", "state"} <= names
    config = json.loads((run / "config.json").read_text())
    assert config["data"]["data"] == str(trained / "lists.txt")
    assert not [path for path in run.rglob("*") if path.suffix in (".pt", ".pkl", ".pth", ".bin")]


def test_second_run_gets_the_next_number_and_is_printed(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    ended = grae("train", "-g", "lists.cfg", "-d", "lists.txt", *QUICK)
    assert (ended.status, ended.out) == (0, "runs/lists-grae-2\n")
    assert "300 of 301 lines" in ended.err


def test_same_seed_gives_the_same_weights(grae, trained: Path):
    for out in ("one", "two"):
        ended = grae(
            "train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", "--seed", "7", *QUICK, "--out", out
        )
        assert (ended.status, ended.out) == (0, f"{out}\n")
    assert Path("one/model.safetensors").read_bytes() == Path("two/model.safetensors").read_bytes()


def test_strings_from_stdin(grae, trained: Path):
    text = (trained / "lists.txt").read_text()
    ended = grae("train", "-g", trained / "lists.cfg", "-d", "-", *QUICK, "--out", "piped", stdin=text)
    assert ended.status == 0
    measured = grae("evaluate", "piped", "-n", "20", "--json")
    assert measured.json["counts"]["exact_reconstruction"]["of"] > 0


def test_a_grammar_in_another_notation_by_its_format_and_alphabet(grae, tmp_path: Path):
    (tmp_path / "codes.txt").write_text('code = 2ALPHA "-" 1*DIGIT\n')
    drawn = grae("grammar", "sample", "codes.txt", "--format", "abnf", "-n", "60", "--out", "strings.txt")
    assert drawn.status == 0, drawn.err
    options = ("--data", "strings.txt", *QUICK)
    ended = grae("train", "--grammar", "codes.txt", "--format", "abnf", "--alphabet", "ascii", *options)
    assert ended.status == 0, ended.err
    run = ended.out.strip()
    samples = grae("sample", run, "-n", "5").out.split()
    assert all(re.fullmatch("[A-Za-z]{2}-[0-9]+", text) for text in samples)
    assert len(samples) == 5
    refused = grae("train", "--resume", "--out", run, "--alphabet", "ascii")
    assert refused.status == 2
    assert "--alphabet applies to the grammar of a new run only" in refused.err


def test_resume_goes_on_with_more_epochs(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    ended = grae("train", "--resume", "--epochs", "3", "--json")
    assert ended.status == 0
    assert "runs/lists-grae-1" in ended.err
    assert ended.json["training"]["epochs"] == 3


def test_resume_by_the_same_command(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    command = ("train", "-g", "lists.cfg", "-d", "lists.txt", *QUICK, "--on-invalid", "skip", "--out", "again")
    first, again = grae(*command), grae(*command, "--resume")
    assert (first.status, again.status) == (0, 0)
    assert again.out == "again\n"


def test_resume_refuses_what_contradicts_the_run(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    before = contents(tmp_path / "runs")
    for option, value in (("--preset", "paper"), ("--seed", "3"), ("--data", "other.txt"), ("--latent-dim", "16")):
        ended = grae("train", "--resume", option, value)
        assert (ended.status, ended.out) == (2, "")
        assert f"{option} {value}" in ended.err
    ended = grae("train", "--resume", "--out", "runs/lists-grae-1", "--grammar", "arithmetic")
    assert ended.status == 2
    assert "another grammar" in ended.err
    assert contents(tmp_path / "runs") == before


def test_resume_without_a_run(grae):
    ended = grae("train", "--resume")
    assert (ended.status, ended.out) == (2, "")
    assert "no run under" in ended.err


def test_existing_folder_is_never_overwritten(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    (tmp_path / "file").write_text("mine")
    before = contents(tmp_path)
    for out in ("runs/lists-grae-1", "file"):
        ended = grae("train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", *QUICK, "--out", out)
        assert (ended.status, ended.out) == (2, "")
        assert f"--out {out} already exists" in ended.err
        assert "remedy" in ended.err
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--grammar is missing"),
        (("-g", "smile"), "did you mean 'smiles'?"),
        (("-g", "smiles", "--preset", "quik"), "did you mean 'quick'?"),
        (("-g", "smiles", "--model", "gray"), "there are:"),
        (("-g", "smiles", "--data", "wehy"), "did you mean 'wehi'?"),
        (("-g", "smiles", "--data", "nowhere.smi"), "no file nowhere.smi"),
        (("-g", "{lists}",), "no data set comes with grammar 'lists'"),
        (("-g", "{lists}", "-d", "{empty}"), "holds no strings"),
        (("-g", "{lists}", "-d", "{nonsense}"), "none of the 3 lines"),
        (("-g", "{lists}", "-d", "{table}", "--column", "smile"), "did you mean 'smiles'?"),
        (("-g", "{lists}", "-d", "{mixed}", "--on-invalid", "error"), "line 2"),
        (("-g", "{lists}", "-d", "{good}", "--time-budget", "-1"), "time_budget"),
        (("-g", "{bad}", "-d", "{good}"), "line 1"),
        (("-g", "smiles", "--device", "tpu"), "tpu"),
    ],
)  # fmt: skip
def test_bad_input_starts_nothing(grae, tmp_path: Path, lists: Path, arguments: tuple[str, ...], message: str):
    files = {
        "lists": lists.read_text(),
        "empty": "",
        "nonsense": "%%\n??\n!!\n",
        "table": "smiles,id\n[a],1\n",
        "mixed": "[a]\n[a\n[b]\n",
        "good": "[a]\n[b]\n[a,b]\n[[]]\n[]\n",
        "bad": "list = [ ]\n",
    }
    places = {name: tmp_path / f"{name}.{'csv' if name == 'table' else 'txt'}" for name in files}
    for name, text in files.items():
        places[name].write_text(text)
    places["lists"] = lists
    ended = grae("train", *(argument.format(**places) for argument in arguments))
    assert (ended.status, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_interrupted_training_saves_says_how_to_resume_and_resumes(grae, trained: Path, tmp_path: Path):
    command = [sys.executable, "-P", "-c", "from grae.cli.main import main; main()", "train"]
    options = ["-g", trained / "lists.cfg", "-d", trained / "lists.txt", *QUICK, "--epochs", "5000", "--out", "stopped"]
    started = subprocess.Popen(
        [*command, *map(str, options)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        begun, patience = tmp_path / "stopped" / "state" / "checkpoint.safetensors", time.monotonic() + 120
        while not begun.exists() and time.monotonic() < patience:
            time.sleep(0.1)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=120)
    finally:
        started.kill()
    assert (started.returncode, out) == (130, "")
    assert "--resume" in err
    assert "Traceback" not in err
    ended = grae("train", "--resume", "--out", "stopped", "--epochs", "1", "--json")
    assert ended.status == 0
    assert grae("sample", "stopped", "-n", "3").status == 0


def test_the_plan_is_shown_before_the_training_and_rejects_lie_in_the_run(grae, trained: Path):
    ended = grae("train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", *QUICK, "--out", "planned")
    lines = ended.err.splitlines()
    plan = next(number for number, line in enumerate(lines) if line.startswith("plan: about "))
    assert re.search(r"1 epoch of \d+ strings$", lines[plan])
    assert plan < next(number for number, line in enumerate(lines) if line.startswith("ended by"))
    assert not [line for line in lines if "train loss" in line]  # a row per validation: with -v alone
    assert f"skipped: 1 outside the grammar; see {Path('planned/rejects.tsv')}" in lines
    heading, reject = Path("planned/rejects.tsv").read_text().splitlines()
    assert heading.startswith("line\t")
    assert reject.startswith("301\toutside the grammar\t[a;b]\t")


def test_a_run_stopped_before_its_first_checkpoint_begins_anew(grae, trained: Path):
    options = ("-g", trained / "lists.cfg", "-d", trained / "lists.txt", *QUICK)
    assert grae("train", *options, "--out", "whole").status == 0
    shutil.copytree("whole", "stopped")
    for name in ("state", "model.safetensors", "density.safetensors", "metrics.jsonl"):
        path = Path("stopped", name)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    ended = grae("train", "--resume", "--out", "stopped")
    assert (ended.status, ended.out) == (0, "stopped\n")
    assert "starting again" in ended.err
    assert Path("stopped/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()


def test_check_counts_what_training_keeps(grae):
    lines = ["CCO", "C(C)(C)(C)(C)C", "c1ccccc1", "F/C=C\\F", "F\\\\C=C\\\\F", "C1CC", "x", "CC"]
    Path("mols.smi").write_text("\n".join(lines) + "\n")
    checked = grae("grammar", "check", "smiles", "--data", "mols.smi", "--json").json["coverage"]
    options = ("--preset", "quick", "--epochs", "1", "--motifs", "0", "--latent-dim", "2")
    trained = grae("train", "-g", "smiles", "-d", "mols.smi", *options, "--json").json["data"]
    assert (checked["read"], checked["in_language"]) == (trained["read"], trained["kept"])
    assert {one["reason"]: one["count"] for one in checked["rejected"]} == trained["rejected"]
