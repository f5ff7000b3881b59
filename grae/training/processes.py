"""Several processes that train together, on one machine or on many: joining them, their order, and leaving.

`accelerate launch` and `torchrun` start the processes and tell each its place in environment variables. Where there is
but one process, nothing here does anything.
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
    # Its functions keep the process group of the time of this import as a default argument, for good: were it first
    # imported with a group there (torch does so itself, within DistributedDataParallel), none could be closed any more.
    import torch.distributed.nn.functional  # noqa: F401

PLACE = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
"""What launchers name a process's place in."""

FAILED = 2
"""Exit status of a process that ends because the main one could not go on."""

GRACE = 3.0
"""Seconds that the others then leave to it to say why: launchers end all processes as soon as one has ended."""

Value = TypeVar("Value")

_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


def join(device: Device) -> None:
    """Makes this process one of the group that its launcher meant it for, if it is in none yet.

    Args:
        device: what all of them compute on, resolved: "cpu", "cuda" (each on a GPU of its own) or "mps".
    """
    if "LOCAL_RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1 and not _joined():
        from accelerate.state import PartialState

        PartialState._reset_state()
        PartialState(cpu=device == "cpu")


def leave(*, wait: bool = True) -> None:
    """Ends this process's part: the last line of a script that trains in several.

    It closes the group with its threads. A gloo thread that is still alive when the interpreter ends may abort the
    process (exit status 134), all its work done. Whatever holds the group, such as a `DistributedDataParallel`, must
    have been let go of before.

    Args:
        wait: whether to wait for the others first, as long as all goes well.
    """
    if _joined():
        gc.collect()  # modules that share their gradients over the group lie in cycles
        if wait:
            distributed.barrier()
        distributed.destroy_process_group()
        from accelerate.state import PartialState

        PartialState._reset_state()


def is_main() -> bool:
    """Whether this is the process that writes and speaks: the first of the group, or the only one."""
    return not _joined() or distributed.get_rank() == 0


def several() -> bool:
    """Whether this process is one of several."""
    return _joined() and distributed.get_world_size() > 1


@contextmanager
def detached() -> Iterator[None]:
    """A body in which this process, in whatever group it is, trains by itself, and need not wait for another."""
    places = {name: os.environ.pop(name) for name in PLACE if name in os.environ}
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)
        os.environ.update(places)


def broadcast_from_main(find: Callable[[], Value]) -> Value:
    """What the main process finds by itself, given to all.

    Args:
        find: gives something that can be pickled, among several processes. If it raises, the other processes end, and
            leave it to the main one to say why.
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
    """A body that the main process goes through first, then the first one of each machine, then the others.

    So what it makes and keeps on the disk is made once on each disk, shared between machines or not. If it raises in
    the main process, the others end, and leave it to that one to say why.
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
    """Fills a list with what the main process says: whether all went well there, and more. The others end if not."""
    distributed.broadcast_object_list(said)
    if not (said[0] or is_main()):
        time.sleep(GRACE)
        raise SystemExit(FAILED)


def _joined() -> bool:
    return not _ALONE.get() and distributed.is_available() and distributed.is_initialized()
