"""`grae train` and `grae images train` in two processes, as `torchrun` and `accelerate launch` start them."""

import json
import os
import signal
import subprocess
import sys
import time
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


def children(process: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


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

    def test_a_killed_process_ends_all_and_the_run_is_resumed(self, tmp_path, trained, grae):
        """`accelerate launch` over a store in a shared cache: as after the loss of a machine."""
        accelerate = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
        machine = [
            "--num_machines",
            "1",
            "--mixed_precision",
            "no",
            "--dynamo_backend",
            "no",
            "--main_process_port",
            "0",
        ]
        train = ["train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", *OPTIONS, "--out", "run"]
        words = [*accelerate, *machine, "-m", "grae", *train, "--epochs", "100000"]
        launched = subprocess.Popen(
            list(map(str, words)), cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE
        )
        metrics = tmp_path / "run" / "metrics.jsonl"
        waited = time.monotonic() + 240
        while not (metrics.is_file() and metrics.stat().st_size) and time.monotonic() < waited:
            assert launched.poll() is None, launched.communicate()[1].decode()
            time.sleep(0.2)
        workers = children(launched.pid)
        assert len(workers) == 2
        os.kill(workers[1], signal.SIGKILL)
        launched.communicate(timeout=120)
        assert launched.returncode != 0
        assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
        done = files.read_jsonl(metrics)[-1]["epoch"]
        resumed = two(tmp_path, "train", "--resume", "--out", "run", "--epochs", str(int(done) + 3), "--json")
        assert only_json(resumed)["training"]["epochs"] == int(done) + 3
        assert grae("sample", tmp_path / "run", "-n", "5").status == 0

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
