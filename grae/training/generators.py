"""States of the random generators of a training, one row per process."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from accelerate import Accelerator


def seed(accelerator: "Accelerator", *entropy: int) -> None:
    """Seeds torch's default generators, differently in each process."""
    words = np.random.SeedSequence((*entropy, accelerator.process_index)).generate_state(2)
    torch.manual_seed(int(words[0]) << 31 | int(words[1]) >> 1)


def states(accelerator: "Accelerator") -> dict[str, Tensor]:
    """The states of all processes, (processes, bytes) uint8 by kind of device. Every process has to call it."""
    generators = {"cpu": torch.get_rng_state()}
    if accelerator.device.type == "cuda":
        generators["cuda"] = torch.cuda.get_rng_state(accelerator.device)
    if accelerator.num_processes == 1:
        return {kind: state[None] for kind, state in generators.items()}
    gathered: Any = {kind: accelerator.gather(state[None].to(accelerator.device)) for kind, state in generators.items()}
    return gathered


def restore(accelerator: "Accelerator", saved: Mapping[str, np.ndarray], *entropy: int) -> None:
    """Restores this process's states.

    States saved by another number of processes or on another kind of device cannot be restored; the generators are then
    seeded from `entropy`.
    """
    kinds = {"cpu", "cuda"} if accelerator.device.type == "cuda" else {"cpu"}
    if any(kind not in saved or len(saved[kind]) != accelerator.num_processes for kind in kinds):
        seed(accelerator, *entropy)
        return
    torch.set_rng_state(torch.as_tensor(saved["cpu"][accelerator.process_index]))
    if "cuda" in kinds:
        torch.cuda.set_rng_state(torch.as_tensor(saved["cuda"][accelerator.process_index]), accelerator.device)


def preserved(device: torch.device) -> AbstractContextManager[None]:
    """A context that restores torch's default generators at its end."""
    return torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else [])
