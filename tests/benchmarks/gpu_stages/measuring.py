"""Training speed, GPU utilization, host synchronizations and peak memory."""

import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from grae.training.batches import Batches
from grae.training.loop import train
from grae.training.settings import TrainingSettings

REPOSITORY = Path(__file__).parents[3]


class Few:
    """The first batches of each epoch.

    Args:
        data: the data.
        n: number of batches per epoch.
    """

    def __init__(self, data: Batches, n: int) -> None:
        self.data, self.n = data, n

    @property
    def n_rows(self) -> int:
        """Rows per epoch."""
        return sum(map(len, self.batches(0)))

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """See `Batches`."""
        return self.data.batches(epoch)[: self.n]

    def collate(self, rows: np.ndarray) -> Any:
        """See `Batches`."""
        return self.data.collate(rows)


def steps(module: nn.Module, data: Batches, settings: TrainingSettings, n: int) -> dict[str, float]:
    """Takes `n` training steps; returns the means of the loss terms, and rows per second."""
    few = settings.replace(epochs=1, time_budget=None, validate_every_seconds=None, patience=None)
    record = train(module, Few(data, n), few, validate=_nothing).metrics[-1]
    return {"rows_per_second": record["rows_per_second"], **record["train"]}


def training_speed(module: nn.Module, data: Batches, settings: TrainingSettings, seconds: float) -> dict[str, Any]:
    """Rows per second and time per step of the training loop, GPU utilization and peak memory, after a warm-up.

    Utilization is the kernel time per step, from a few profiled steps, divided by the time per step without the
    profiler, which slows down the host.

    Args:
        module: the network.
        data: its batches.
        settings: settings of the training.
        seconds: training time to measure the rates.
    """
    steps(module, data, settings, 5)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    timed = settings.replace(
        epochs=None, time_budget=seconds / 60, validate_every_epochs=None, validate_every_seconds=None
    )
    result = train(module, data, timed, validate=_nothing)
    record = result.metrics[-1]
    seconds_a_step = record["seconds"] / result.steps
    busy = kernel_seconds(lambda: steps(module, data, settings, 5)) / 5
    return {
        "rows_per_second": record["rows_per_second"],
        "milliseconds_a_step": 1e3 * seconds_a_step,
        "gpu_busy": busy / seconds_a_step if busy else None,
        "peak_memory_mb": peak_memory(),
    }


def kernel_seconds(work: Callable[[], Any]) -> float:
    """Seconds during which at least one GPU kernel runs; 0 without a GPU."""
    if not torch.cuda.is_available():
        work()
        return 0.0
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        work()
        torch.cuda.synchronize()
    events = profile.events() or []
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in events
        if event.device_type == torch.profiler.DeviceType.CUDA
    )
    return union(spans) / 1e6


def union(spans: Sequence[tuple[float, float]]) -> float:
    """Length of the union of intervals that are sorted by start."""
    total, reached = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def host_waits(work: Callable[[], Any]) -> dict[str, int] | None:
    """Number of host synchronizations by source line; None without a GPU."""
    if not torch.cuda.is_available():
        work()
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            work()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    waits = [f"{_short(w.filename)}:{w.lineno}" for w in caught if "synchroniz" in str(w.message)]
    return dict(Counter(waits).most_common())


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Runs the work; returns its result and the wall time in seconds, including queued GPU kernels."""
    _wait()
    began = time.perf_counter()
    found = work()
    _wait()
    return found, time.perf_counter() - began


def peak_memory() -> float | None:
    """Peak GPU memory of tensors since the start of the last `training_speed`, in MB; None without a GPU."""
    return torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else None


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _nothing(module: nn.Module) -> dict[str, float]:
    return {"loss": 0.0}


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else "/".join(path.parts[-3:])
