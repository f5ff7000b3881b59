"""What a row of peers measures: lines of JSON on standard output, which `run.py` makes a table of.

Rates are items a second of processor time, so that other work on the machine slows nobody more than the others. Every
program gets one thread.
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
    """One cell of the table.

    Args:
        work: what is done, and on what.
        who: the program, and its variant.
        unit: of the values.
        values: a figure for each seed or repetition.
        higher: whether a higher one is better.
        note: what to know of it.
    """
    record = {"work": work, "who": who, "unit": unit, "values": [float(value) for value in values]}
    print(json.dumps({**record, "higher": higher, "note": note}), flush=True)


def failed(work: str, who: str, why: str) -> None:
    """A cell that stays empty, and why."""
    print(json.dumps({"work": work, "who": who, "failed": why}), flush=True)


def peer(module: str, package: str | None = None) -> Any:
    """A peer's module; None, and a line that says what to install, where it is missing."""
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        print(json.dumps({"missing": package or module, "why": str(error)}), flush=True)
        return None
    name = package or module
    print(json.dumps({"package": name, "version": importlib.metadata.version(name)}), flush=True)
    return found


def rate(work: Callable[[], int], seconds: float) -> float:
    """Items a second of processor time: the work again and again, at least once, for so long."""
    items, began = 0, time.process_time()
    while not items or time.process_time() - began < seconds:
        items += work()
    return items / (time.process_time() - began)


def spent(work: Callable[[], Any]) -> tuple[Any, float]:
    """What comes of some work, and the seconds of processor time that it took."""
    began = time.process_time()
    value = work()
    return value, time.process_time() - began
