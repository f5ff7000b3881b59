"""Learning rate schedules, as functions of the fraction of the training that is done."""

import math

from grae.training.settings import TrainingSettings

ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = 1e-4
ONE_CYCLE_RISE = 0.3


def learning_rate(settings: TrainingSettings, done: float, plateau_scale: float = 1.0) -> float:
    """The learning rate.

    Args:
        settings: the schedule, the peak, the warm-up (see `TrainingSettings`).
        done: fraction of the training that is done, 0 to 1.
        plateau_scale: product of the reductions so far, for the plateau schedule.
    """
    peak = settings.learning_rate
    if settings.schedule == "one-cycle":
        return peak * _one_cycle(done, settings.warmup or ONE_CYCLE_RISE)
    rise = settings.warmup
    if done < rise:
        # above 0 at the first step, where done = 0
        return peak * max(done / rise, 1e-3)
    if settings.schedule == "cosine":
        return peak * _cosine(1.0, 0.0, (done - rise) / (1 - rise))
    if settings.schedule == "plateau":
        return max(peak * plateau_scale, min(peak, settings.learning_rate_floor))
    return peak


def _one_cycle(done: float, rise: float) -> float:
    """Up from 1/25 by half a cosine, then down to 1/10,000 by another (Smith and Topin 2018, with cosine annealing)."""
    if done < rise:
        return _cosine(ONE_CYCLE_START, 1.0, done / rise)
    return _cosine(1.0, ONE_CYCLE_END, (done - rise) / (1 - rise))


def _cosine(first: float, last: float, fraction: float) -> float:
    """Half a cosine wave from `first` at 0 to `last` at 1."""
    return last + (first - last) * (1 + math.cos(math.pi * min(fraction, 1.0))) / 2
