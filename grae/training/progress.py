"""What a training shows while it runs, on standard error: a live bar in a terminal, a line a validation elsewhere."""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

FRAME = 0.25
"""Seconds between two updates of the bar."""


@contextlib.contextmanager
def stage(doing: str, *, shown: bool = True) -> Iterator[Callable[[float], None]]:
    """A bar for what goes before or after a training; gives what to call with the fraction done, 0 to 1.

    Args:
        doing: what takes so long.
        shown: whether to show it where standard error is a terminal; elsewhere there is none.
    """
    shown = shown and sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not shown) as bars:
        bar = bars.add_task(doing, total=1.0)
        yield lambda fraction: bars.update(bar, completed=fraction)


class Reporter(Protocol):
    """What the loop tells while it runs."""

    def step(self, done: float, seconds: float, epoch: float, rate: float, terms: Mapping[str, float]) -> None:
        """A step: fraction of the training done, seconds so far, epochs done, rows per second, the latest terms."""
        ...

    def validation(self, record: Mapping[str, Any], left: float | None) -> None:
        """A validation: its line in metrics.jsonl, and the seconds left (None: unknown)."""
        ...

    def say(self, text: str) -> None:
        """A line of its own."""
        ...

    def close(self) -> None:
        """The training is over."""
        ...


def choose_reporter(shown: bool, unit: str, console: Console | None = None) -> Reporter:
    """The reporter that fits.

    Args:
        shown: whether to show anything.
        unit: what a row is called, as in "molecules/s".
        console: where to; standard error when left out.
    """
    console = console or Console(stderr=True)
    if not shown:
        return Silent()
    return Bar(console, unit) if console.is_terminal else Lines(console, unit)


class Silent:
    """Shows nothing."""

    def step(self, done: float, seconds: float, epoch: float, rate: float, terms: Mapping[str, float]) -> None:
        """See Reporter."""

    def validation(self, record: Mapping[str, Any], left: float | None) -> None:
        """See Reporter."""

    def say(self, text: str) -> None:
        """See Reporter."""

    def close(self) -> None:
        """See Reporter."""


class Lines(Silent):
    """A plain line a validation, for pipes and log files."""

    def __init__(self, console: Console, unit: str) -> None:
        self.console = console
        self.unit = unit

    def validation(self, record: Mapping[str, Any], left: float | None) -> None:
        """See Reporter."""
        self.say(line(record, self.unit, left))

    def say(self, text: str) -> None:
        """See Reporter."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bar(Lines):
    """A live bar under a line for each validation."""

    def __init__(self, console: Console, unit: str) -> None:
        super().__init__(console, unit)
        columns = (BarColumn(bar_width=16), TextColumn("{task.fields[text]}"))
        self.progress = Progress(*columns, console=console, auto_refresh=False)
        self.task = self.progress.add_task("training", total=1.0, text="")
        self.last = 0.0
        self.progress.start()

    def step(self, done: float, seconds: float, epoch: float, rate: float, terms: Mapping[str, float]) -> None:
        """See Reporter."""
        now = time.monotonic()
        if now - self.last < FRAME:
            return
        self.last = now
        left = seconds_left(done, seconds)
        parts = [f"{done:4.0%}", "" if left is None else f"{clock(left)} left", f"{rate:,.0f} {self.unit}/s"]
        parts += [f"epoch {epoch:.2f}", in_words(terms)]  # a narrow terminal cuts the last
        self.progress.update(self.task, completed=done, text="  ".join(part for part in parts if part))
        self.progress.refresh()

    def close(self) -> None:
        """See Reporter."""
        self.progress.stop()


def line(record: Mapping[str, Any], unit: str, left: float | None) -> str:
    """A validation in one line of text."""
    parts = [
        clock(record["seconds"]) + (f" ({clock(left)} left)" if left else ""),
        f"epoch {record['epoch']:.2f}",
        f"{record['rows_per_second']:,.0f} {unit}/s",
        f"training loss {record['train'].get('loss', math.nan):.4g}",
        f"validation {in_words(record['validation'])}{' (best)' if record['best'] else ''}",
    ]
    return "  ".join(parts)


def in_words(terms: Mapping[str, float | None]) -> str:
    """Named numbers in a row, to four figures."""
    return " ".join(f"{name} {'not finite' if x is None else format(x, '.4g')}" for name, x in terms.items())


def seconds_left(done: float, seconds: float) -> float | None:
    """Seconds to the end at the speed so far; None before there is any."""
    return seconds * (1 - done) / done if done > 0 else None


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
