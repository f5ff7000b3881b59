"""Commands in distributed training (`accelerate launch`, `torchrun`): only rank 0 prints."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grae.cli.output import VERBOSITY

if TYPE_CHECKING:
    from grae.training.settings import Device


def launched() -> bool:
    """Whether a launcher started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "LOCAL_RANK" in os.environ


def main_process_first() -> contextlib.AbstractContextManager[None]:
    """As `processes.main_process_first`; does not import torch for a single process."""
    if not launched():
        return contextlib.nullcontext()
    from grae.training import processes

    return processes.main_process_first()


@contextlib.contextmanager
def together(device: "Device") -> Iterator[bool]:
    """A context that joins the processes of a launcher; yields whether this process prints results.

    Every process reports its errors; only rank 0 prints notes and progress.

    Args:
        device: device to train on.

    Raises:
        SettingsError: the device is not available.
    """
    if not launched():
        yield True
        return
    from grae.training import processes
    from grae.training.device import resolve_device
    from grae.training.interruption import Interrupted

    processes.join(resolve_device(device))
    token = VERBOSITY.set(VERBOSITY.get() if processes.is_main() else "quiet")
    try:
        yield processes.is_main()
    except BaseException as error:
        processes.leave(wait=isinstance(error, Interrupted))  # all processes have agreed on an interruption
        raise
    finally:
        VERBOSITY.reset(token)
    processes.leave()
