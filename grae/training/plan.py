"""The estimated duration of a training, from a few steps on a copy of the module."""

import copy
import time

import torch
from torch import nn

from grae.training.batches import Batches, shard, to_device
from grae.training.device import accelerator_on, use_bf16
from grae.training.settings import TrainingSettings

MEASURED = 6  # steps timed after a warm-up step, on batches spread over an epoch


def seconds_per_step(module: nn.Module, data: Batches, settings: TrainingSettings) -> float:
    """Mean seconds per step of this process, measured on a copy of the module.

    The module, its gradients and the random generators are not changed.

    Args:
        module: as for `train`.
        data: as for `train`; not empty.
        settings: as for `train`.
    """
    with accelerator_on(settings.device) as accelerator:
        device = accelerator.device
        cuda = [device.index or 0] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            copied = copy.deepcopy(module).to(device).train()
            bf16 = use_bf16(settings.precision, device)
            batches = data.batches(0)
            optimizer = torch.optim.AdamW(copied.parameters(), lr=0.0, fused=device.type in ("cpu", "cuda"))
            began = time.monotonic()
            for index in range(1 + MEASURED):
                if index == 1:
                    began = time.monotonic()
                chosen = batches[index * (len(batches) - 1) // MEASURED]
                rows = shard(chosen, accelerator.process_index, accelerator.num_processes)
                batch = to_device(data.collate(rows), device)
                with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                    loss = copied(batch)["loss"]
                loss.float().backward()
                optimizer.step()
                optimizer.zero_grad()
                if cuda:
                    torch.cuda.synchronize(device)
            return (time.monotonic() - began) / MEASURED


def in_words(settings: TrainingSettings, n: int, unit: str, seconds: float) -> str:
    """A training's plan in words, such as `about 6 minutes: 20 epochs of 9,025 molecules`.

    Args:
        settings: settings of the training.
        n: number of training rows.
        unit: name of a row, such as "molecules".
        seconds: seconds per step.
    """
    steps = -(-n // settings.batch_size)
    by_epochs = None if settings.epochs is None else settings.epochs * steps * seconds / 60
    budget = settings.time_budget
    if by_epochs is None or (budget is not None and by_epochs > budget):
        assert budget is not None
        epochs = 60 * budget / (steps * seconds)
        of = "" if settings.epochs is None else f" of the {settings.epochs} planned"
        return f"{minutes(budget)}, its time budget: about {epochs:,.1f} epochs{of}, {n:,} {unit} each"
    plural = "" if settings.epochs == 1 else "s"
    return f"about {minutes(by_epochs)}: {settings.epochs:,} epoch{plural} of {n:,} {unit}"


def minutes(number: float) -> str:
    """A number of minutes in words: seconds, minutes or hours."""
    if number < 1:
        return f"{max(1, round(60 * number))} seconds"
    if number < 90:
        return "1 minute" if round(number) == 1 else f"{number:.0f} minutes"
    return f"{number / 60:.1f} hours"
