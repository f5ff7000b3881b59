"""Where a training computes: accelerate's set-up for one training, and whether bfloat16 is faster there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import torch

from grae.errors import SettingsError
from grae.training import processes
from grae.training.settings import Device, Precision

if TYPE_CHECKING:
    from accelerate import Accelerator

BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
"""Names under which torch lists a CPU's bfloat16 arithmetic (AMD and Intel, Intel's matrix unit, Arm)."""
CLEARLY = 1.2  # times as fast, so that chance does not decide
TURNS = 5


@contextmanager
def accelerator_on(device: Device) -> "Iterator[Accelerator]":
    """Accelerate's handle on the device, or on this process's share of several (started by `accelerate launch`).

    Accelerate keeps its state in the process and refuses a second device. What is there is set aside for the time of
    one training and put back afterwards, so that trainings may follow one another on any devices.

    Raises:
        SettingsError: there is no such device here.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, GradientState, PartialState
    from accelerate.utils import GradientAccumulationPlugin

    used = resolve_device(device)
    processes.join(used)
    singletons = (PartialState, AcceleratorState, GradientState)
    states = [(shared, dict(shared)) for shared in (_shared(kind) for kind in singletons)]
    if not processes.several():
        PartialState._reset_state()
    AcceleratorState._reset_state()
    GradientState._reset_state()
    try:
        yield Accelerator(
            cpu=used == "cpu",
            mixed_precision="no",  # the loop opens autocast itself, and leaves the module's forward alone
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        )
    finally:
        for shared, values in states:
            shared.clear()
            shared.update(values)


def use_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether the forward pass runs in bfloat16: as asked, or for "auto" where it is faster.

    A CPU that has instructions for it is asked by a product of matrices in both precisions, which takes some
    milliseconds. On one core of a Zen 5 with AVX512-BF16, a step of a GRU of width 256 took 31 ms rather than 79; on a
    Xeon with AVX512-BF16 whose matrix unit is not at hand, one of width 512 took 0.42 s rather than 0.28.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        abilities = getattr(torch.cpu, "get_capabilities", dict)()
        return any(abilities.get(name, False) for name in BF16_INSTRUCTIONS) and _faster_in_bf16()
    return False


@cache
def _faster_in_bf16() -> bool:
    """Whether a product of the size of a training step's takes this CPU clearly less time in bfloat16."""
    return _seconds_of_product(torch.bfloat16) * CLEARLY < _seconds_of_product(torch.float32)


def _seconds_of_product(dtype: torch.dtype) -> float:
    """Processor seconds of a product of matrices, the least of several turns."""
    left, right = torch.ones(256, 512, dtype=dtype), torch.ones(512, 1536, dtype=dtype)
    seconds = []
    for _ in range(TURNS):
        began = time.process_time()
        torch.mm(left, right)
        seconds.append(time.process_time() - began)
    return min(seconds)


def _shared(singleton: type) -> dict[str, object]:
    """The dictionary that all instances of one of accelerate's singletons share."""
    return singleton._shared_state  # type: ignore[attr-defined]


def resolve_device(device: Device) -> Device:
    """The device that "auto" stands for.

    Raises:
        SettingsError: the device asked for is not here.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device 'cuda' is asked for, but torch finds none", remedy="--device cpu or auto")
    if device == "mps" and not torch.backends.mps.is_available():
        raise SettingsError("device 'mps' is asked for, but torch finds none", remedy="--device cpu or auto")
    return device
