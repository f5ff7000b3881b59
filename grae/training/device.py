"""Device and precision: Accelerate's setup for one training, and whether bfloat16 is faster."""

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
"""CPU capabilities of bfloat16 arithmetic, as torch names them (AMD and Intel, Intel AMX, Arm)."""
CLEARLY = 1.2  # minimum speed-up, well above timing noise
TURNS = 5


@contextmanager
def accelerator_on(device: Device) -> "Iterator[Accelerator]":
    """An `Accelerator` on the device, or on this process's share of several (started by `accelerate launch`).

    Accelerate keeps global state and refuses a second device. Its state is saved and reset for the duration of one
    training and restored afterwards, so that successive trainings may use different devices.

    Raises:
        SettingsError: the device is not available.
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
            mixed_precision="no",  # the loop uses autocast itself
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        )
    finally:
        for shared, values in states:
            shared.clear()
            shared.update(values)


def use_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether the forward pass runs in bfloat16: as requested, or for "auto" where it is faster.

    On a CPU with bfloat16 instructions, a matrix product is timed in both precisions, which takes some milliseconds. On
    one core of a Zen 5 with AVX512-BF16, a step of a GRU of width 256 took 31 ms instead of 79; on a Xeon with
    AVX512-BF16 but without AMX, one of width 512 took 0.42 s instead of 0.28.
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
    """Whether a matrix product of a training step's size is clearly faster in bfloat16 on this CPU."""
    return _seconds_of_product(torch.bfloat16) * CLEARLY < _seconds_of_product(torch.float32)


def _seconds_of_product(dtype: torch.dtype) -> float:
    """CPU seconds of a matrix product, the minimum of several runs."""
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
    """Resolves "auto" to a device.

    Raises:
        SettingsError: the device is not available.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device 'cuda' is not available", remedy="--device cpu or auto")
    if device == "mps" and not torch.backends.mps.is_available():
        raise SettingsError("device 'mps' is not available", remedy="--device cpu or auto")
    return device
