"""Distributed training on one or several machines: joining and leaving the process group, and order within it.

`accelerate launch` and `torchrun` start the processes and pass each its rank in environment variables. With a single
process, nothing here has an effect.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from torch import distributed

from grae.training.settings import Device

if distributed.is_available():
    # Its functions hold the process group at the time of this import as a default argument: if it were first imported
    # while there is a group (as DistributedDataParallel does), that group could not be destroyed any more.
    import torch.distributed.nn.functional  # noqa: F401

PLACE = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
"""Environment variables in which launchers pass a process's rank."""

FAILED = 2
"""Exit status of a process that ends because the main process failed."""

GRACE = 3.0
"""Seconds that the others then wait for its error message: launchers kill all processes as soon as one has ended."""

Value = TypeVar("Value")

_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


def join(device: Device) -> None:
    """Joins the process group that the launcher set up, unless this process is in one already.

    Args:
        device: device of all processes, resolved: "cpu", "cuda" (one GPU per process) or "mps".
    """
    if "LOCAL_RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1 and not _joined():
        from accelerate.state import PartialState

        PartialState._reset_state()
        PartialState(cpu=device == "cpu")


def leave(*, wait: bool = True) -> None:
    """Leaves the process group: the last line of a script for distributed training.

    The group is destroyed with its threads: a gloo thread that is alive at interpreter exit may abort the process (exit
    status 134) although its work is done. References to the group, such as those of `DistributedDataParallel`, must be
    gone before.

    Args:
        wait: whether to wait for the other processes first.
    """
    if _joined():
        gc.collect()  # DistributedDataParallel modules are in reference cycles
        if wait:
            distributed.barrier()
        distributed.destroy_process_group()
        from accelerate.state import PartialState

        PartialState._reset_state()


def is_main() -> bool:
    """Whether this is the main process (rank 0), or the only one."""
    return not _joined() or distributed.get_rank() == 0


def several() -> bool:
    """Whether training is distributed over several processes."""
    return _joined() and distributed.get_world_size() > 1


@contextmanager
def detached() -> Iterator[None]:
    """A context in which this process trains alone, as if it were not in a group."""
    places = {name: os.environ.pop(name) for name in PLACE if name in os.environ}
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)
        os.environ.update(places)


def broadcast_from_main(find: Callable[[], Value]) -> Value:
    """Computes a value in the main process and broadcasts it to all.

    Args:
        find: computes the value, which must be picklable if there are several processes. If it raises, the other
            processes end and the main one reports the error.
    """
    if not several():
        return find()
    said: list[Any] = [False, None]
    try:
        if is_main():
            with detached():
                said = [True, find()]
    finally:
        _hear(said)
    return said[1]


@contextmanager
def main_process_first() -> Iterator[None]:
    """A context that the main process runs first, then the first process of each machine, then the others.

    Files that it caches are thus written once per file system, shared between machines or not. If it raises in the main
    process, the others end and the main one reports the error.
    """
    if not several():
        yield
        return
    main, first = is_main(), os.environ.get("LOCAL_RANK", "0") == "0"
    said = [False]
    if not main:
        _hear(said)
    if not (main or first):
        distributed.barrier()
    try:
        yield
        said = [True]
    finally:
        if main:
            _hear(said)
    if main or first:
        distributed.barrier()


def _hear(said: list[Any]) -> None:
    """Broadcasts a list from the main process; its first item is success. If that is False, the other processes end."""
    distributed.broadcast_object_list(said)
    if not (said[0] or is_main()):
        time.sleep(GRACE)
        raise SystemExit(FAILED)


def _joined() -> bool:
    return not _ALONE.get() and distributed.is_available() and distributed.is_initialized()
