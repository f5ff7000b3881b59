"""A command in several processes, as `accelerate launch` and `torchrun` start it: one of them speaks for all."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grae.cli.output import LOUDNESS

if TYPE_CHECKING:
    from grae.training.settings import Device


def launched() -> bool:
    """Whether a launcher started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "LOCAL_RANK" in os.environ


def in_turn() -> contextlib.AbstractContextManager[None]:
    """A body that the main process goes through before the others, as `processes.in_turn`; loads no torch for one."""
    if not launched():
        return contextlib.nullcontext()
    from grae.training import processes

    return processes.in_turn()


@contextlib.contextmanager
def together(device: "Device") -> Iterator[bool]:
    """A body that all processes of a launcher go through together; gives whether this one is to print results.

    Errors are told by each that meets them; notes and progress by the main process alone.

    Args:
        device: what they train on.

    Raises:
        SettingsError: the device is not here.
    """
    if not launched():
        yield True
        return
    from grae.training import processes
    from grae.training.device import resolve
    from grae.training.interruption import Interrupted

    processes.join(resolve(device))
    token = LOUDNESS.set(LOUDNESS.get() if processes.is_main() else "quiet")
    try:
        yield processes.is_main()
    except BaseException as error:
        processes.leave(wait=isinstance(error, Interrupted))  # on which all have agreed
        raise
    finally:
        LOUDNESS.reset(token)
    processes.leave()
