"""The progress of a training, as checkpoints store it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grae.training.settings import TrainingSettings


@dataclass
class Position:
    """The progress of a training in plain numbers, stored as JSON.

    Attributes:
        step: steps done.
        epoch: whole epochs done.
        batch: batches done of the current epoch.
        batches: batches in that epoch; 0 before the first.
        seconds: wall time so far.
        rows: rows seen since the last validation.
        sums: sum of each loss term since the last validation.
        count: number of steps in those sums.
        validated_step: step of the last validation.
        validated_at: seconds so far at the end of that validation.
        validation_seconds: duration of that validation.
        best_step: step of the lowest validation loss; None before the first validation.
        best: all values of that validation (None for one that is not finite).
        bad: number of validations since then, none of which improved.
        plateau_best: loss of the last validation that counted as an improvement for the plateau schedule.
        plateau_bad: number of validations since then or since the last reduction of the learning rate.
        plateau_scale: product of those reductions.
        metrics_length: bytes of metrics.jsonl up to this position.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    seconds: float = 0.0
    rows: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0
    validated_step: int = 0
    validated_at: float = 0.0
    validation_seconds: float = 0.0
    best_step: int | None = None
    best: dict[str, Any] = field(default_factory=dict)
    bad: int = 0
    plateau_best: float | None = None
    plateau_bad: int = 0
    plateau_scale: float = 1.0
    metrics_length: int = 0

    @property
    def epochs(self) -> float:
        """Epochs done, fractional."""
        return self.epoch + (self.batch / self.batches if self.batches else 0.0)

    def advance(self, batches: int, rows: int) -> None:
        """Advances by one batch of `rows` rows, in an epoch of `batches` batches."""
        self.step += 1
        self.rows += rows
        self.batches = batches
        self.epoch, self.batch = (self.epoch + 1, 0) if self.batch + 1 >= batches else (self.epoch, self.batch + 1)

    def take(self, values: Mapping[str, Any], settings: TrainingSettings) -> bool:
        """Records the values of a validation: updates the best one and the plateau schedule.

        Args:
            values: values by name, including "loss".
            settings: settings of the training.

        Returns:
            Whether its loss is the lowest so far.
        """
        best = self.best_step is None or values["loss"] < self.best["loss"]
        if best:
            self.best_step, self.best, self.bad = self.step, dict(values), 0
        else:
            self.bad += 1
        if self.plateau_best is None or values["loss"] < self.plateau_best - settings.plateau_threshold:
            self.plateau_best, self.plateau_bad = values["loss"], 0
        else:
            self.plateau_bad += 1
        if self.plateau_bad >= settings.plateau_patience:
            self.plateau_bad, self.plateau_scale = 0, self.plateau_scale * settings.plateau_factor
        return best
