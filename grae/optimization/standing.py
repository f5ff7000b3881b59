"""The state of a search after each evaluation: best string, fraction of valid strings, time left."""

import time
from collections.abc import Iterable

from grae.callbacks.events import Best, Evaluation, Progress, Round
from grae.callbacks.reporter import seconds_left
from grae.optimization.history import History, Record
from grae.optimization.start import Start


class Standing:
    """The progress of a search, updated record by record.

    Args:
        start: the starting strings.
        history: evaluations before the search was resumed.
        total: planned number of evaluations.
    """

    def __init__(self, start: Start, history: History, total: int) -> None:
        self.maximize, self.total = history.direction == "maximize", total
        begun = start.best(self.maximize)
        self.best = None if begun is None else Best(*begun, "start", None, None if start.fulfilled is None else True)
        self.evaluations = self.valid = 0
        self._take(history)
        self.before, self.began = self.evaluations, time.monotonic()

    def evaluated(self, record: Record) -> Evaluation:
        """The event for a new record."""
        self._take([record])
        error, repeated, seconds = record.error, record.repeated, record.seconds
        return Evaluation(record.round, record.string, record.score, error, repeated, seconds, self.progress())

    def finished(self, number: int) -> Round:
        """The event for the end of a round."""
        return Round(number, self.best is not None and self.best.round == number, self.progress())

    def progress(self) -> Progress:
        """The current progress."""
        here, seconds = self.evaluations - self.before, time.monotonic() - self.began
        to_do = self.total - self.before
        left = seconds_left(here / to_do, seconds) if to_do > 0 and here else None
        share = self.valid / self.evaluations if self.evaluations else 0.0
        return Progress(self.evaluations, self.total, share, self.best, seconds, left)

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            self.evaluations += 1
            self.valid += record.valid
            if record.string is None or record.score is None or record.fulfilled is False:
                continue
            if self._improves(record.score):
                self.best = Best(record.string, record.score, "search", record.round, record.fulfilled)

    def _improves(self, score: float) -> bool:
        """Whether a score is better than the best so far; ties do not count."""
        if self.best is None:
            return True
        return score > self.best.score if self.maximize else score < self.best.score
