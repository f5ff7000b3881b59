"""`grae train` and `grae images train` in two processes, as `torchrun` and `accelerate launch` start them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grae import files

OPTIONS = ["--preset", "quick", "--motifs", "3", "--latent-dim", "8", "--batch-size", "64", "--device", "cpu"]

TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
ACCELERATE = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
              "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "-m"]  # fmt: skip
"""As for several GPUs; `--device cpu` has none."""


def two(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`grae` in two processes of one machine."""
    return subprocess.run(
        [sys.executable, "-m", *TORCHRUN, "grae", *map(str, arguments)],
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

    @pytest.mark.slow
    @pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
    def test_a_killed_process_ends_all_and_resume_continues(self, tmp_path, trained, grae, launcher):
        train = ["train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", *OPTIONS]
        command = [sys.executable, "-m", *launcher, "grae", *map(str, train), "--epochs", "100000", "--out", "run"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (
            (tmp_path / "log").open("w") as log,
            subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log) as started,
        ):
            metrics = tmp_path / "run" / "metrics.jsonl"
            wait(
                lambda: started.poll() is not None or (metrics.exists() and metrics.read_bytes().count(b"\n") > 1), 240
            )
            assert started.poll() is None, (tmp_path / "log").read_text()
            workers = [process for process in children(started.pid) if "RANK=1" in environment_of(process)]
            assert workers, (tmp_path / "log").read_text()
            os.kill(workers[-1], signal.SIGKILL)
            assert started.wait(60) != 0
        before = files.read_jsonl(metrics)
        resumed = grae("train", "--resume", "--out", "run", "--epochs", str(int(before[-1]["epoch"]) + 20), "--json")
        assert resumed.status == 0
        after = files.read_jsonl(metrics)
        assert after[0] == before[0]  # those after the last checkpoint are written again
        steps = [record["step"] for record in after]
        assert steps == sorted(set(steps))
        assert after[-1]["epoch"] == int(before[-1]["epoch"]) + 20


def wait(until: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.1)


def children(process: int) -> list[int]:
    """The process identifiers of all descendants."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [descendant for child in map(int, listed) for descendant in (child, *children(child))]


def environment_of(process: int) -> list[str]:
    return Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")


def test_images_train(tmp_path, grae):
    train = ["images", "train", "--width", "0.25", "--epochs", "1", "--device", "cpu", "--json"]
    done = only_json(two(tmp_path, *train))
    assert done["training"]["epochs"] == 1.0
    assert grae("images", "sample", tmp_path / done["run"], "--out", "samples.png").status == 0
