"""The outcome of a training."""

from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal["epochs", "time budget", "patience", "callback"]


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training.

    Attributes:
        ended: what ended it; "callback" where one raised `Stop`.
        steps: steps done.
        epochs: epochs done, the last one perhaps in part.
        seconds: wall time over all its parts.
        best_step: the step whose weights the module holds now.
        best: the values of the validation there.
        metrics: one record per validation, as in metrics.jsonl.
    """

    ended: Reason
    steps: int
    epochs: float
    seconds: float
    best_step: int
    best: dict[str, Any]
    metrics: list[dict[str, Any]] = field(repr=False)
