"""The outcome of a training."""

from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal["epochs", "time budget", "patience", "callback"]


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training.

    Attributes:
        ended: reason of the end; "callback" if one raised `Stop`.
        steps: steps done.
        epochs: epochs done, fractional.
        seconds: wall time, summed over resumed parts.
        best_step: step of the lowest validation loss, whose weights the module has now.
        best: values of that validation.
        metrics: one record per validation, as in metrics.jsonl.
    """

    ended: Reason
    steps: int
    epochs: float
    seconds: float
    best_step: int
    best: dict[str, Any]
    metrics: list[dict[str, Any]] = field(repr=False)
