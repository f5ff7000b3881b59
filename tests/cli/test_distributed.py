"""`grae train` and `grae images train` in two processes, as `torchrun` and `accelerate launch` start them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grae import files

OPTIONS = ["--preset", "quick", "--motifs", "3", "--latent-dim", "8", "--batch-size", "64", "--device", "cpu"]


def two(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`grae` in two processes of one machine."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*launcher, "-m", "grae", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def only_json(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON object on stdout of a command that ended well."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestStrings:
    def test_train_what_one_process_trains_and_resume(self, tmp_path, trained, grae):
        train = ["train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", *OPTIONS, "--json"]
        begun = two(tmp_path, *train, "--epochs", "2", "--out", "together")
        one = grae(*train, "--epochs", "2", "--out", "one").json
        lines = [files.read_jsonl(tmp_path / name / "metrics.jsonl") for name in ("together", "one")]
        resumed = two(tmp_path, "train", "--resume", "--out", "together", "--epochs", "3", "--json")
        assert only_json(begun)["data"] == only_json(resumed)["data"] == one["data"]
        assert begun.stderr.count("run: together") == 1
        assert [line["step"] for line in lines[0]] == [line["step"] for line in lines[1]]
        for ours, theirs in zip(*lines, strict=True):
            assert ours["validation"]["loss"] == pytest.approx(theirs["validation"]["loss"], rel=0.02)  # bfloat16
        assert only_json(resumed)["training"]["epochs"] == 3.0
        assert grae("sample", "together", "-n", "5").status == 0

    def test_refuse_what_is_there_and_standard_input(self, tmp_path, trained):
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / "file").touch()
        train = ["train", "-g", trained / "lists.cfg", *OPTIONS]
        there = two(tmp_path, *train, "-d", trained / "lists.txt", "--out", "there")
        assert there.returncode != 0
        assert there.stderr.count("grae: --out there already exists") == 1
        assert "exitcode  : 2" in there.stderr
        stdin = two(tmp_path, *train, "-d", "-", "--out", "new")
        assert "grae: several processes cannot share standard input" in stdin.stderr
        assert not (tmp_path / "new").exists()


def test_images_train(tmp_path, grae):
    train = ["images", "train", "--width", "0.25", "--epochs", "1", "--device", "cpu", "--json"]
    done = only_json(two(tmp_path, *train))
    assert done["training"]["epochs"] == 1.0
    assert grae("images", "sample", tmp_path / done["run"], "--out", "samples.png").status == 0
