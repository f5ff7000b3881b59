"""What a search shows while it runs, on standard error: a live bar in a terminal, a line a round elsewhere."""

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from grae.optimization.history import History
from grae.training.progress import clock, seconds_left

PART = 0.2  # of something long, that is worth a line


class SearchReporter(Protocol):
    """What the loop tells while it runs."""

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

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See SearchReporter. A line where something long begins, and one for each further part that is done."""
        if fraction is None:
            return
        if self.shown is not None and self.shown[0] == what and fraction < min(1.0, self.shown[1] + PART):
            return
        self.shown = (what, fraction)
        self.console.print(f"{what} {fraction:.0%}", markup=False, highlight=False, soft_wrap=True)

    def round(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""
        self.console.print(summary(records, total, done_before, seconds), markup=False, highlight=False, soft_wrap=True)


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
        text = summary(records, total, done_before, seconds)
        self.progress.update(self.task, total=total, completed=len(records), text=text)

    def round(self, records: History, total: int, done_before: int, seconds: float) -> None:
        """See SearchReporter."""
        best = records.best
        if best and best[0].round == records.records[-1].round:
            super().round(records, total, done_before, seconds)

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See SearchReporter."""
        done = "" if fraction is None else f" {fraction:.0%}"
        self.progress.update(self.task, text=f"{what}{done}")

    def close(self) -> None:
        """See SearchReporter."""
        self.progress.stop()


def summary(records: History, total: int, done_before: int, seconds: float) -> str:
    """A search in one line: calls, best so far, validity, time left."""
    done = len(records)
    best = records.best[:1]
    here = done - done_before
    left = seconds_left(here / (total - done_before), seconds) if total > done_before and here else None
    valid = sum(record.valid for record in records) / done if done else 0.0
    parts = [
        f"{done}/{total} calls",
        f"best {best[0].score:.4g} {best[0].string}" if best else "no valid string yet",
        f"{valid:.0%} valid",
        "" if not left else f"{clock(left)} left",
    ]
    return "  ".join(part for part in parts if part)


def fraction_of(reporter: SearchReporter, what: str) -> Callable[[float], None]:
    """Tells a reporter how far something has come."""
    return lambda fraction: reporter.doing(what, fraction)
