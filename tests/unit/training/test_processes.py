"""Several processes train as one does, take turns, and end when the main one cannot go on."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grae import files
from grae.training import processes
from grae.training.batches import shard

HERE = Path(__file__).parent


def start(world: int, *arguments: str, worker: str = "process_worker.py") -> None:
    """Runs a worker in so many processes over gloo, as `torchrun` would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world), "OMP_NUM_THREADS": "1"}
    processes = []
    for rank in range(world):
        several = {**common, "RANK": str(rank), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(world)}
        command = [sys.executable, worker, *arguments]
        environment = {**os.environ, **(several if world > 1 else {"OMP_NUM_THREADS": "1"})}
        processes.append(subprocess.Popen(command, cwd=HERE, env=environment, stderr=subprocess.PIPE, text=True))
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors


@pytest.mark.parametrize("world", [1, 2, 3])
def test_shares_are_equal_and_apart(world):
    rows = np.arange(100, 111)
    shares = [shard(rows, rank, world) for rank in range(world)]
    assert {len(mine) for mine in shares} == {11 // world}
    together = np.concatenate(shares)
    assert len(set(together)) == len(together)


def test_two_processes_reach_the_weights_of_one_and_resume(tmp_path):
    start(1, str(tmp_path / "one"), "2")
    start(2, str(tmp_path / "two"), "1")
    start(2, str(tmp_path / "two"), "2", "resume")
    one, about = files.read_tensors(tmp_path / "one" / "model.safetensors")
    two, about_two = files.read_tensors(tmp_path / "two" / "model.safetensors")
    assert about == about_two == {"steps": 10}
    for name, weights in one.items():
        np.testing.assert_allclose(two[name], weights, atol=2e-6)
    one_metrics, two_metrics = (files.read_jsonl(tmp_path / name / "metrics.jsonl") for name in ("one", "two"))
    for ours, theirs in zip(one_metrics, two_metrics, strict=True):
        assert theirs["train"]["loss"] == pytest.approx(ours["train"]["loss"], rel=1e-5)
        assert theirs["validation"]["loss"] == pytest.approx(ours["validation"]["loss"], rel=1e-5)


def test_one_process_needs_no_others():
    assert processes.is_main()
    assert not processes.several()
    with processes.main_process_first():
        assert processes.broadcast_from_main(lambda: 3) == 3
    with pytest.raises(ValueError, match="invalid literal"):
        processes.broadcast_from_main(lambda: int("none"))
    processes.leave()


def test_turns_and_what_the_main_process_finds(tmp_path):
    start(3, str(tmp_path), worker="order_worker.py")
    assert (tmp_path / "turns").read_text().split()[0] == "0"
    assert sorted((tmp_path / "turns").read_text().split()) == ["0", "1", "2"]
    seen = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(3)]
    for rank, mine in enumerate(seen):
        assert mine["before"] == [True, False]
        assert (mine["main"], mine["several"]) == (rank == 0, True)
        assert mine["broadcast_from_main"] == 100
        assert mine["steps"] == 5  # of one process, 40 rows by 8
        raised = "ValueError('no such thing')" if rank == 0 else "SystemExit(2)"
        assert mine["failed"] == mine["failed in turn"] == raised
