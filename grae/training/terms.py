"""Loss terms averaged between validations, with a check that they are finite."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from grae.errors import TrainingError


class Terms:
    """Means of named scalars over steps.

    Values are fetched from the device every `every` steps; synchronizing at each step would leave a GPU idle.

    Args:
        every: steps between fetches; 1 detects values that are not finite before the weights are updated.
        mean: averages a tensor over all processes.
        remedy: remedy in the error message for values that are not finite.
    """

    def __init__(self, every: int, mean: Callable[[Tensor], Tensor], remedy: str) -> None:
        self.every = every
        self.mean = mean
        self.remedy = remedy
        self.sums: dict[str, float] = {}
        self.count = 0
        self.latest: dict[str, float] = {}
        self._pending: list[tuple[int, list[str], Tensor]] = []

    def add(self, step: int, terms: Mapping[str, Tensor]) -> None:
        """Adds a step's scalars.

        Raises:
            TrainingError: a value of this step, or of a step since the last fetch, is NaN or infinite.
        """
        values = torch.stack([value.detach().float() for value in terms.values()])
        self._pending.append((step, list(terms), values))
        if len(self._pending) >= self.every:
            self.fetch()

    def fetch(self) -> None:
        """Fetches pending values from the device. Raises TrainingError as `add` does."""
        if not self._pending:
            return
        rows = self.mean(torch.stack([values for _, _, values in self._pending])).tolist()
        for (step, names, _), values in zip(self._pending, rows, strict=True):
            self.latest = dict(zip(names, values, strict=True))
            if not all(map(math.isfinite, values)):
                self._pending = []
                listed = ", ".join(f"{name} {value:.4g}" for name, value in self.latest.items())
                raise TrainingError(f"training diverged at step {step}: {listed}", remedy=self.remedy)
            for name, value in self.latest.items():
                self.sums[name] = self.sums.get(name, 0.0) + value
            self.count += 1
        self._pending = []

    def means(self) -> dict[str, float]:
        """The mean of each term since the last `clear`."""
        return {name: total / max(self.count, 1) for name, total in self.sums.items()}

    def clear(self) -> None:
        """Resets the means."""
        self.sums, self.count = {}, 0
