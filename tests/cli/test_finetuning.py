"""`grae train --from`: a run trained on, on other strings, told and resumed."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest

QUICK = ("--epochs", "2", "--batch-size", "64", "--seed", "1")


@pytest.fixture(autouse=True)
def base(trained: Path, tmp_path: Path) -> Path:
    """The run that is trained on, and 56 new strings, `mine.txt`, with one outside the language."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    texts = [f"[{','.join(letters)}]" for n in (3, 4, 5) for letters in product("ab", repeat=n)]
    (tmp_path / "mine.txt").write_text("\n".join([*texts, "[a;b]"]) + "\n")
    return tmp_path / "runs" / "lists-grae-1"


def test_a_run_is_trained_on(grae, base: Path):
    before = {file: file.read_bytes() for file in base.rglob("*") if file.is_file()}
    ended = grae("train", "--from", "lists-grae-1", "--data", "mine.txt", *QUICK, "--json")
    assert ended.status == 0
    run = Path("runs/lists-grae-1-mine-1")
    assert ended.json["run"] == str(run)
    assert "skipped: 1" in ended.err
    assert ended.json["data"]["rows"] == 56
    found = ended.json["finetuning"]
    assert found["from"] == str(base)
    assert found["exact_before"].keys() == found["exact_after"].keys() == {"new", "replayed"}
    assert json.loads((run / "finetuning.json").read_text()) == found
    settings, old = (json.loads((place / "config.json").read_text())["settings"] for place in (run, base))
    assert settings["architecture"] == old["architecture"]
    assert (run / "grammar.cfg").read_text() == (base / "grammar.cfg").read_text()
    assert {file: file.read_bytes() for file in base.rglob("*") if file.is_file()} == before
    assert grae("sample", "-n", "5", "--json").json["run"] == str(run)
    assert grae("evaluate", "-n", "20", "--json").json["in_language"] == 1.0


def test_it_is_told_what_was_learned_and_what_was_kept(grae):
    ended = grae("train", "--from", "runs/lists-grae-1", "-d", "mine.txt", *QUICK, "--out", "tuned", "--replay", "0.5")
    assert (ended.status, ended.out) == (0, "tuned\n")
    assert "new strings" in ended.err
    assert "samples of the old model" in ended.err
    again = grae("train", "--resume", "--out", "tuned", "--epochs", "4", "--json")
    assert again.status == 0
    assert again.json["training"]["epochs"] == 4
    assert again.json["finetuning"]["replayed_share"] == 0.5


def test_one_that_was_stopped_before_its_first_checkpoint_begins_anew(grae):
    assert grae("train", "--from", "lists-grae-1", "-d", "mine.txt", *QUICK, "--out", "tuned").status == 0
    shutil.rmtree("tuned/state")
    Path("tuned/model.safetensors").unlink()
    again = grae("train", "--resume", "--out", "tuned", "--json")
    assert again.status == 0
    assert "starting again" in again.err
    assert again.json["finetuning"]["from"].endswith("lists-grae-1")


def test_bad_input(grae, base: Path):
    start = ("train", "--from", "lists-grae-1")
    for arguments, message in (
        ((*start,), "--from needs the strings"),
        ((*start, "-d", "nowhere.txt"), "nowhere.txt"),
        ((*start, "-d", "mine.txt", "--latent-dim", "4"), "--latent-dim cannot be combined with --from"),
        ((*start, "-d", "mine.txt", "--preset", "paper"), "--preset cannot be combined with --from"),
        ((*start, "-d", "mine.txt", "--grammar", "arithmetic"), "another grammar than 'arithmetic'"),
        ((*start, "-d", "mine.txt", "--out", base), "already exists"),
        ((*start, "-d", "mine.txt", "--on-invalid", "error"), "[a;b]"),
        ((*start, "--resume"), "give only one of them"),
        (("train", "--grammar", "arithmetic", "--replay", "0.5"), "--replay requires --from"),
        (("train", "--from", "nowhere", "-d", "mine.txt"), "no run 'nowhere'"),
    ):
        ended = grae(*arguments)
        assert (ended.status, ended.out) == (2, ""), (arguments, ended.err)
        assert message in ended.err, (arguments, ended.err)
    assert [place.name for place in Path("runs").iterdir()] == ["lists-grae-1"]
