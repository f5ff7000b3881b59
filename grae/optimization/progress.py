"""What a search shows while it runs, on standard error: a live bar in a terminal, a line a round elsewhere."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from grae.optimization.failures import Failures, Outcome, warn
from grae.optimization.history import History
from grae.optimization.result import Best, best_of
from grae.optimization.start import Start
from grae.training.progress import clock, seconds_left

PART = 0.2  # of something long, that is worth a line


class SearchReporter(Protocol):
    """What the loop tells while it runs."""

    def started(self, best: tuple[str, float] | None) -> None:
        """The starting strings are scored: the best of them and its score."""
        ...

    def say(self, text: str) -> None:
        """A line of its own."""
        ...

    def call(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """A string was scored: all records, how many there will be, how many there were at the start, seconds since."""
        ...

    def round(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """A round is over; as in `call`."""
        ...

    def doing(self, what: str, fraction: float | None = None) -> None:
        """What takes time now, and how far it has come."""
        ...

    def close(self) -> None:
        """The search is over."""
        ...


def search_reporter(shown: bool, console: Console | None = None) -> SearchReporter:
    """The reporter that fits: none, a bar where standard error is a terminal, else lines."""
    console = console or Console(stderr=True)
    if not shown:
        return Silent()
    return Bar(console) if console.is_terminal else Lines(console)


class Silent:
    """Shows nothing."""

    def started(self, best: tuple[str, float] | None) -> None:
        """See SearchReporter."""

    def say(self, text: str) -> None:
        """See SearchReporter."""

    def call(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""

    def round(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See SearchReporter."""

    def close(self) -> None:
        """See SearchReporter."""


class Lines(Silent):
    """A plain line a round, for pipes and log files."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.shown: tuple[str, float] | None = None
        self.start: tuple[str, float] | None = None

    def started(self, best: tuple[str, float] | None) -> None:
        """See SearchReporter."""
        self.start = best

    def say(self, text: str) -> None:
        """See SearchReporter."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See SearchReporter. A line where something long begins, and one for each further part that is done."""
        if fraction is None:
            return
        if self.shown is not None and self.shown[0] == what and fraction < min(1.0, self.shown[1] + PART):
            return
        self.shown = (what, fraction)
        self.say(f"{what} {fraction:.0%}")

    def round(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""
        self.say(summary(records, total, done_before, seconds, self.start))


class Bar(Lines):
    """A live bar under a line for each round that found a new best."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        columns = (BarColumn(bar_width=16), TextColumn("{task.fields[text]}", markup=False))
        self.progress = Progress(*columns, console=console, transient=True)
        self.task = self.progress.add_task("search", total=None, text="")
        self.progress.start()

    def call(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""
        text = summary(records, total, done_before, seconds, self.start)
        self.progress.update(self.task, total=total, completed=len(records), text=text)

    def round(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""
        best = _best(records, self.start)
        if best is not None and best.round == records.records[-1].round:
            super().round(records, total, done_before, seconds)

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See SearchReporter."""
        done = "" if fraction is None else f" {fraction:.0%}"
        self.progress.update(self.task, text=f"{what}{done}")

    def close(self) -> None:
        """See SearchReporter."""
        self.progress.stop()


class Watch:
    """Who is told of a search while it runs, and the failures that it counts.

    Args:
        name: of the target.
        shown: whether progress is shown; where it is not, a failure is a warning.

    Attributes:
        reporter: shows the progress.
        failures: those that were noted.
    """

    def __init__(self, name: str, *, shown: bool) -> None:
        self.name, self.shown = name, shown
        self.reporter = search_reporter(shown)
        self.failures = Failures()

    def note(self, text: str, outcome: Outcome) -> None:
        """Takes note of a call; the first failure is told at once."""
        if not self.failures.add(text, outcome) or self.failures.first is None:
            return
        if self.shown:
            self.reporter.say(f"target {self.name} failed {self.failures.first}")
        else:
            warn(self.name, self.failures.first)


def summary(
    records: History, total: int, done_before: int, seconds: float, start: tuple[str, float] | None = None
) -> str:
    """A search in one line: evaluations, best so far, validity, time left.

    Args:
        records: the history.
        total: how many records there will be.
        done_before: how many there were when this session began.
        seconds: since then.
        start: the best string that it started from, and its score.
    """
    done = len(records)
    best = _best(records, start)
    here = done - done_before
    left = seconds_left(here / (total - done_before), seconds) if total > done_before and here else None
    valid = sum(record.valid for record in records) / done if done else 0.0
    parts = [
        f"{done}/{total} evaluations",
        "no valid string yet" if best is None else f"best {best.score:.4g} {best.string}",
        "(from the start)" if best is not None and best.origin == "start" else "",
        f"{valid:.0%} valid",
        "" if not left else f"{clock(left)} left",
    ]
    return "  ".join(part for part in parts if part)


def _best(records: History, start: tuple[str, float] | None) -> Best | None:
    begun = None if start is None else Start([start[0]], np.array([start[1]]))
    best = best_of(begun, records)
    return best[0] if best else None


def fraction_of(reporter: SearchReporter, what: str) -> Callable[[float], None]:
    """Tells a reporter how far something has come."""
    return lambda fraction: reporter.doing(what, fraction)
