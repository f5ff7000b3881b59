"""Trains in child processes that are killed (kill -9), resumes them, and compares with a training left in peace.

Run as a program with an empty folder and `operations` (one kill at each write, flush and rename of a whole training) or
`moments` (kills at random times). Prints a JSON object.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from toy import Data, Model, validation

from grae.training import loop, timetable
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=2, batch_size=8, precision="fp32", device="cpu", checkpoint_seconds=0)
KILLED = -signal.SIGKILL


class Slow(Data):
    """A batch takes some time, so that a kill may come within a step."""

    def collate(self, rows):
        time.sleep(0.004)
        return super().collate(rows)


def train(path: Path, data: Data) -> None:
    """Begins, or resumes where there is a state; leaves the weights in model.safetensors."""
    run, model = RunFolder(path), Model()
    resume = run.has(run.CHECKPOINT)
    loop.train(model, data, SETTINGS, validate=validation(data), run=run, resume=resume)
    run.write_tensors("model.safetensors", model.state_dict())


def die_at(operation: int) -> None:
    """Arranges for this process to be killed at a file operation: before it, or with half of the bytes written."""
    count = 0

    def counted(call):
        def wrapped(*args, **kwargs):
            nonlocal count
            count += 1
            if count == operation:
                if call is write_bytes:
                    write_bytes(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapped

    write_bytes = Path.write_bytes
    Path.write_bytes = counted(write_bytes)  # pyright: ignore[reportAttributeAccessIssue]
    os.fsync, os.replace, os.truncate = counted(os.fsync), counted(os.replace), counted(os.truncate)


def in_child(work, *, kill_after: float | None = None) -> int:
    """Runs `work` in a forked process; gives its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outcome(path: Path) -> tuple[bytes, list]:
    """The weights, and the metrics without what depends on the clock."""
    metrics = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    timeless = [{k: v for k, v in m.items() if k not in ("seconds", "rows_per_second")} for m in metrics]
    return (path / "model.safetensors").read_bytes(), timeless


def kill_at_each_operation(folder: Path, expected: tuple) -> dict:
    """One kill at the first file operation, one at the second, ... until a training has no more of them."""
    different, operation = [], 0
    while True:
        operation += 1
        path = folder / f"operation-{operation}"

        def killed(operation: int = operation, path: Path = path) -> None:
            die_at(operation)
            train(path, Data())

        if in_child(killed) != KILLED:
            return {"kills": operation - 1, "different": different}
        status = in_child(lambda path=path: train(path, Data()))
        if status != 0 or outcome(path) != expected:
            different.append((operation, status))


def kill_at_random_moments(folder: Path, expected: tuple, rounds: int = 4) -> dict:
    """Kills one training again and again, after at most a third of its time each; some rounds of that."""
    began = time.monotonic()
    in_child(lambda: train(folder / "timed", Slow()))
    whole = time.monotonic() - began
    different, kills = [], 0
    for number in range(rounds):
        path = folder / f"round-{number}"
        status = KILLED
        for _ in range(8):
            status = in_child(lambda path=path: train(path, Slow()), kill_after=random.uniform(0, whole / 3))
            if status != KILLED:
                break
            kills += 1
        else:
            status = in_child(lambda path=path: train(path, Slow()))
        if status != 0 or outcome(path) != expected:
            different.append((number, status))
    return {"kills": kills, "different": different}


if __name__ == "__main__":
    torch.set_num_threads(1)
    timetable.LARGEST_SHARE_OF_SAVING = 1e9  # save at each step
    here = Path(sys.argv[1])
    train(here / "warm", Data())  # imports all that is imported late, once for all children
    in_child(lambda: train(here / "unbroken", Data()))
    kinds = {"operations": kill_at_each_operation, "moments": kill_at_random_moments}
    print(json.dumps(kinds[sys.argv[2]](here, outcome(here / "unbroken"))))
