"""A killed `grae train` and its `--resume`, as a user would meet them."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LISTS = """
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> 'a' | 'b' | list
"""
EPOCHS = "12"


def grae(folder: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-P", "-c", "from grae.cli.main import main; main()", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "said.txt").open("wb") as said:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)


def train(folder: Path, out: str) -> subprocess.Popen:
    options = ["-g", "lists.cfg", "-d", "lists.txt", "--preset", "quick", "--epochs", EPOCHS, "--device", "cpu"]
    return grae(folder, "train", *options, "--latent-dim", "4", "--batch-size", "64", "--motifs", "3", "--out", out)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_run_killed_twice_ends_with_the_weights_of_an_unbroken_one(tmp_path):
    shuffled = random.Random(0)
    items = ["a", "b", "[]", "[a]", "[b,a]"]
    texts = ["[" + ",".join(shuffled.choices(items, k=shuffled.randint(0, 6))) + "]" for _ in range(300)]
    (tmp_path / "lists.cfg").write_text(LISTS)
    (tmp_path / "lists.txt").write_text("\n".join(texts) + "\n")
    unbroken = train(tmp_path, "unbroken")
    assert unbroken.wait(timeout=300) == 0, (tmp_path / "said.txt").read_text()

    state = tmp_path / "killed" / "state"
    running = train(tmp_path, "killed")
    for _ in range(2):
        before = sorted(state.glob("best-*"))
        patience = time.monotonic() + 120
        while sorted(state.glob("best-*")) == before and running.poll() is None and time.monotonic() < patience:
            time.sleep(0.01)  # until an epoch has come and gone
        assert running.poll() is None
        running.send_signal(signal.SIGKILL)
        assert running.wait(timeout=60) == -signal.SIGKILL
        assert not (tmp_path / "killed" / "model.safetensors").exists()
        running = grae(tmp_path, "train", "--resume", "--out", "killed")
    assert running.wait(timeout=300) == 0, (tmp_path / "said.txt").read_text()
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("unbroken", "killed")]
    assert weights[0] == weights[1]
