"""State shared by the stages of a call: time budget, output and options."""

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
RESERVED, MOST_RESERVED = 0.05, 20.0  # fraction of the budget, and maximum seconds, reserved for writing results
SMALL_SECONDS = 1.0  # training time with --small


class Clock:
    """A budget of wall time, counted from the start of the program.

    Args:
        seconds: total budget.
        began: `time.monotonic()` at the start of the program, before slow imports.
    """

    def __init__(self, seconds: float, *, began: float) -> None:
        self.began = began
        self.writing = min(MOST_RESERVED, RESERVED * seconds)
        self.ends = began + seconds - self.writing
        self._busy = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the start of the program."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        """Seconds until results have to be written."""
        return max(0.0, self.ends - time.monotonic())

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Raises SIGINT at the end of the budget, so that training stops after the current batch and saves its state.

        Installs its own handler, since shells start background jobs with SIGINT ignored.
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
        """Delays the end of the budget until writing is complete."""
        with self._busy:
            yield

    def _interrupt(self) -> None:
        with self._busy:
            os.kill(os.getpid(), signal.SIGINT)


@dataclass
class Session:
    """Options and state of a call.

    Attributes:
        stage: name of the stage.
        clock: time budget.
        out: output folder for results and weights.
        before: output folder of an earlier call to resume from; None to start anew.
        scratch: temporary folder for runs.
        small: whether data and networks are shrunk, as in the tests on the CPU.
        device: device to compute on.
        seed: random seed.
        given: estimator parameters that override those of the stage.
        models: models to train; None for those of the stage.
        projector: projector file for image distances; None for the standard one of the image set.
        state: state of the stage, JSON-serializable, from which the next call resumes.
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
        """Training time, given the available seconds; shorter with --small."""
        return max(0.5, min(seconds, SMALL_SECONDS) if self.small else seconds)

    def length(self, seconds: float, done: Mapping[str, Any]) -> dict[str, Any]:
        """Estimator parameters to continue training for some time or, with --small, for one epoch.

        Args:
            seconds: additional training time.
            done: position of the checkpoint of an earlier call; empty if there is none.
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
        """Loads the state of the earlier call, if any, and copies its weights and pictures to `out`.

        Raises:
            RunError: the folder has no state of this stage, or the state in `out` would be overwritten.
        """
        if self.before is None:
            if (self.out / STATE).exists():
                raise RunError(f"{self.out} contains an earlier call", remedy="--resume it, or give another --out")
            return
        kept = files.read_json(self.before / STATE, remedy="give the folder of an earlier call of this stage")
        if not isinstance(kept, dict) or kept.get("format") != FORMAT or kept.get("stage") != self.stage:
            raise RunError(f"{self.before / STATE} is no state of the stage {self.stage}", remedy="give another folder")
        if (kept["small"], kept["seed"]) != (self.small, self.seed):
            raise RunError(f"{self.before} has a different --small or --seed", remedy="use the same options")
        self.state = kept["state"]
        if self.before.resolve() != self.out.resolve():
            for path in (*self.before.glob("*.part"), *self.before.glob(PICTURES)):
                shutil.copyfile(path, self.out / path.name)

    def write_state(self) -> None:
        """Writes the state atomically."""
        about = {"format": FORMAT, "stage": self.stage, "small": self.small, "seed": self.seed}
        files.write_json(self.out / STATE, plain({**about, "state": self.state}))


def plain(value: Any) -> Any:
    """Converts a value to strict JSON: floats to six significant digits, None if not finite."""
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
    """GPU, software versions and CPU."""
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
