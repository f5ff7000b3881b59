"""One of several processes that take turns, ask the main one, and train alone; writes what it saw. Run as a program."""

import json
import os
import sys
import time
from pathlib import Path

from toy import Data, Model, validation

from grae.training import processes
from grae.training.loop import train
from grae.training.settings import TrainingSettings


def steps_alone() -> int:
    """A training in one process while the others do nothing."""
    settings = TrainingSettings(epochs=1, batch_size=8, precision="fp32", device="cpu", schedule="constant")
    data = Data(n_rows=40, batch_size=8)
    return train(Model(dropout=0.0, norm=False), data, settings, validate=validation(data)).steps


def failing() -> None:
    raise ValueError("no such thing")


if __name__ == "__main__":
    folder, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    before = processes.is_main(), processes.several()
    processes.join("cpu")
    processes.GRACE = 0.0
    turns = folder / "turns"
    with processes.main_process_first():
        time.sleep(0.3 * (rank == 0))
        with turns.open("a") as file:
            file.write(f"{rank}\n")
    seen = {
        "before": before,
        "main": processes.is_main(),
        "several": processes.several(),
        "broadcast_from_main": processes.broadcast_from_main(lambda: rank + 100),
        "steps": processes.broadcast_from_main(steps_alone),
    }
    try:
        processes.broadcast_from_main(failing)
    except (ValueError, SystemExit) as error:
        seen["failed"] = repr(error)
    try:
        with processes.main_process_first():
            failing()
    except (ValueError, SystemExit) as error:
        seen["failed in turn"] = repr(error)
    (folder / f"{rank}.json").write_text(json.dumps(seen))
    processes.leave()
    assert not processes.several()
