"""Synchronization of a training's processes, so that all take the same steps: clock, interruption, values, means."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from accelerate import Accelerator


class Agreement:
    """Synchronizes values among processes; with a single process, values are returned unchanged.

    Collective: every process has to call each method.

    Args:
        accelerator: accelerator of the training.
    """

    def __init__(self, accelerator: "Accelerator") -> None:
        self.accelerator = accelerator
        self.several = accelerator.num_processes > 1

    def state(self, seconds: float, interrupted: bool, stopped: bool) -> tuple[float, bool, bool]:
        """The clock of rank 0, whether any process is interrupted, and whether any is to stop."""
        if not self.several:
            return seconds, interrupted, stopped
        gathered = self._gather([seconds, float(interrupted), float(stopped)], torch.float64)
        interrupted, stopped = (bool(value) for value in gathered[:, 1:].amax(0).tolist())
        return gathered[0, 0].item(), interrupted, stopped

    def values(self, values: dict[str, float]) -> dict[str, float]:
        """The values of rank 0, by name."""
        if not self.several:
            return values
        return dict(zip(values, self._gather(list(values.values()))[0].tolist(), strict=True))

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes."""
        reduced: Any = self.accelerator.reduce(values, reduction="mean")
        return reduced

    def _gather(self, row: list[float], dtype: torch.dtype = torch.float32) -> Tensor:
        """Gathers the rows of all processes, (processes, values)."""
        rows: Any = self.accelerator.gather(torch.tensor([row], dtype=dtype, device=self.accelerator.device))
        return rows
