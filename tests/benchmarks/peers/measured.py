"""Measurements of a row: lines of JSON on standard output, which `run.py` formats as a table.

Rates are items per second of CPU time, so that other load on the machine affects all programs alike. Every program uses
one thread.
"""

import importlib
import importlib.metadata
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

OURS = "grae"


def tell(work: str, who: str, unit: str, values: Sequence[float], *, higher: bool = True, note: str = "") -> None:
    """Reports a result.

    Args:
        work: the task.
        who: the program, and its variant.
        unit: unit of the values.
        values: one value per seed or repetition.
        higher: whether higher is better.
        note: remark for the table.
    """
    record = {"work": work, "who": who, "unit": unit, "values": [float(value) for value in values]}
    print(json.dumps({**record, "higher": higher, "note": note}), flush=True)


def failed(work: str, who: str, why: str) -> None:
    """Reports a failure and its reason."""
    print(json.dumps({"work": work, "who": who, "failed": why}), flush=True)


def peer(module: str, package: str | None = None) -> Any:
    """Imports a peer's module and reports its version; if it is missing, reports that and returns None."""
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        print(json.dumps({"missing": package or module, "why": str(error)}), flush=True)
        return None
    name = package or module
    print(json.dumps({"package": name, "version": importlib.metadata.version(name)}), flush=True)
    return found


def rate(work: Callable[[], int], seconds: float) -> float:
    """Items per second of CPU time; repeats the work, at least once, for this many CPU seconds."""
    items, began = 0, time.process_time()
    while not items or time.process_time() - began < seconds:
        items += work()
    return items / (time.process_time() - began)


def spent(work: Callable[[], Any]) -> tuple[Any, float]:
    """Runs the work; returns its result and its CPU time in seconds."""
    began = time.process_time()
    value = work()
    return value, time.process_time() - began
