"""One call of the benchmark: its wall clock, where it writes, and what it was asked for."""

import json
import math
import os
import platform
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grae import files
from grae.errors import RunError

RESULTS, STATE, PICTURES = "results.jsonl", "state.json", "pictures.safetensors"
FORMAT = "grae gpu stages 1"
RESERVED, MOST_RESERVED = 0.05, 20.0  # of the minutes, and seconds: for writing what there is
SMALL_SECONDS = 1.0  # of a training in small


class Clock:
    """The time that is left of a budget of wall time, counted from when the program began.

    Args:
        seconds: the whole budget.
        began: `time.monotonic()` at the program's start, before the large imports.
    """

    def __init__(self, seconds: float, *, began: float) -> None:
        self.began = began
        self.writing = min(MOST_RESERVED, RESERVED * seconds)
        self.ends = began + seconds - self.writing
        self._busy = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the program began."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        """Seconds until what there is has to be written."""
        return max(0.0, self.ends - time.monotonic())

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """While open, the end of the budget is a Ctrl-C: a training stops after its batch with its state saved.

        Also where the program was started with Ctrl-C ignored, as shells start what runs in the background.
        """
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        timer = threading.Timer(self.left, self._interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def writing_down(self) -> Iterator[None]:
        """While open, the end of the budget waits: what is being written is written whole."""
        with self._busy:
            yield

    def _interrupt(self) -> None:
        with self._busy:
            os.kill(os.getpid(), signal.SIGINT)


@dataclass
class Session:
    """What the stages share.

    Attributes:
        stage: the stage's name.
        clock: its budget.
        out: where results and weights go.
        before: the folder of an earlier call to go on from; None to begin.
        scratch: a folder for runs, gone afterwards.
        small: whether data and networks are shrunk, as on the CPU in the tests.
        device: where to compute.
        seed: of everything drawn.
        given: parameters of the estimator that replace the stage's own.
        models: the models to train; None for the stage's own.
        projector: a file of a projector for the images' distances; None for the set's own.
        state: of the stage, as JSON; what the next call goes on from.
    """

    stage: str
    clock: Clock
    out: Path
    before: Path | None
    scratch: Path
    small: bool = False
    device: Any = "auto"
    seed: int = 0
    given: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] | None = None
    projector: Path | None = None
    state: dict[str, Any] = field(default_factory=dict)

    def seconds(self, seconds: float) -> float:
        """How long to train, where there is time for so many seconds."""
        return max(0.5, min(seconds, SMALL_SECONDS) if self.small else seconds)

    def length(self, seconds: float, done: Mapping[str, Any]) -> dict[str, Any]:
        """How long to train on, as parameters of an estimator: for so many seconds, or in small for one epoch.

        Args:
            seconds: of training.
            done: where an earlier call left the training, as its checkpoint says; empty where there is none.
        """
        if self.small:
            return {"time_budget": 60.0, "epochs": done.get("epoch", 0) + 1}
        return {"time_budget": (done.get("seconds", 0.0) + seconds) / 60}

    def tell(self, what: str, **values: Any) -> None:
        """Prints a line of JSON, and appends it to the results."""
        record = {"stage": self.stage, "what": what, "at": round(self.clock.elapsed, 1), **values}
        line = json.dumps(plain(record), allow_nan=False)
        print(line, flush=True)
        with (self.out / RESULTS).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def take_up(self) -> None:
        """Takes up the state of the earlier call, if there is one, with its weights, so that none of them gets lost.

        Raises:
            RunError: the folder holds no state of this stage, or `out` holds one that would be written over.
        """
        if self.before is None:
            if (self.out / STATE).exists():
                raise RunError(f"{self.out} holds an earlier call", remedy="--resume it, or give another --out")
            return
        kept = files.read_json(self.before / STATE, remedy="give the folder of an earlier call of this stage")
        if not isinstance(kept, dict) or kept.get("format") != FORMAT or kept.get("stage") != self.stage:
            raise RunError(f"{self.before / STATE} is no state of the stage {self.stage}", remedy="give another folder")
        if (kept["small"], kept["seed"]) != (self.small, self.seed):
            raise RunError(f"{self.before} was made with another --small or --seed", remedy="give the same again")
        self.state = kept["state"]
        if self.before.resolve() != self.out.resolve():
            for path in (*self.before.glob("*.part"), *self.before.glob(PICTURES)):
                shutil.copyfile(path, self.out / path.name)

    def write_state(self) -> None:
        """Writes the state, whole or not at all."""
        about = {"format": FORMAT, "stage": self.stage, "small": self.small, "seed": self.seed}
        files.write_json(self.out / STATE, plain({**about, "state": self.state}))


def plain(value: Any) -> Any:
    """A value as strict JSON can hold it: floats to six figures, None for those that are not finite."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") else value


def machine(device: Any) -> dict[str, Any]:
    """The card, the versions, the processor."""
    import torch

    from grae.training.device import resolve_device

    found: dict[str, Any] = {
        "device": resolve_device(device),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    found |= {"cpus": os.cpu_count(), "threads": torch.get_num_threads()}
    if found["device"] == "cuda":
        properties = torch.cuda.get_device_properties(0)
        found |= {"card": properties.name, "memory_gb": properties.total_memory / 1e9, "cuda": torch.version.cuda}
    return found
