"""When a training validates, saves and ends: functions of its settings and its position."""

import math
from dataclasses import dataclass

from grae.training.position import Position
from grae.training.result import Reason
from grae.training.schedule import learning_rate
from grae.training.settings import TrainingSettings

LARGEST_SHARE_OF_SAVING = 0.02
"""Timed checkpoints become rarer if writing them would take a larger share of the time than this."""


@dataclass(frozen=True)
class Timetable:
    """When a training validates, saves and ends.

    Attributes:
        settings: settings of the training.
        reserve: seconds of the time budget to reserve for steps after training.
    """

    settings: TrainingSettings
    reserve: float = 0.0

    def learning_rate(self, position: Position) -> float:
        """The learning rate of the next step."""
        return learning_rate(self.settings, self.done(position), position.plateau_scale)

    def done(self, position: Position) -> float:
        """The fraction of the training that is done: of the epochs, of the time, or the larger of both."""
        settings = self.settings
        by_epochs = position.epochs / settings.epochs if settings.epochs else 0.0
        by_time = position.seconds / self.deadline(position) if settings.time_budget else 0.0
        return min(1.0, max(by_epochs, by_time))

    def deadline(self, position: Position) -> float:
        """Seconds after which training ends: the budget less a last validation and the reserve, at least half of it."""
        budget = 60.0 * (self.settings.time_budget or math.inf)
        return max(budget - position.validation_seconds - self.reserve, budget / 2)

    def ended(self, position: Position) -> Reason | None:
        """The reason to end now, if any."""
        settings = self.settings
        if settings.epochs is not None and position.epoch >= settings.epochs:
            return "epochs"
        if settings.time_budget is not None and position.seconds >= self.deadline(position):
            return "time budget"
        if settings.patience is not None and position.bad >= settings.patience:
            return "patience"
        return None

    def validation_due(self, position: Position, ended: Reason | None) -> bool:
        """Whether to validate before the next step, or at the end."""
        if position.best_step is not None and position.validated_step == position.step:
            return False
        epochs, seconds = self.settings.validate_every_epochs, self.settings.validate_every_seconds
        by_epochs = epochs is not None and position.step > 0 and position.batch == 0 and position.epoch % epochs == 0
        by_time = seconds is not None and position.seconds - position.validated_at >= seconds
        return ended is not None or by_epochs or by_time

    def checkpoint_due(self, position: Position, saved_at: float, saving: float) -> bool:
        """Whether to save before the next step.

        Args:
            position: progress of the training.
            saved_at: seconds of training at the last checkpoint.
            saving: seconds it took to write that checkpoint.
        """
        return position.seconds - saved_at >= max(self.settings.checkpoint_seconds, saving / LARGEST_SHARE_OF_SAVING)
