"""What a training shows while it runs, on standard error: in a terminal a live bar under a table of validations."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

FRAME = 0.25
"""Seconds between two updates of the bar."""
BAR = 20  # characters
CELL = 10
BEST = " best"
Shown = bool | Literal["verbose"]


@contextlib.contextmanager
def stage(doing: str, *, shown: bool = True) -> Iterator[Callable[[float], None]]:
    """A bar for what goes before or after a training; gives what to call with the fraction done, 0 to 1.

    Args:
        doing: what takes so long.
        shown: whether to show it where standard error is a terminal; elsewhere there is none.
    """
    shown = shown and sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not shown) as bars:
        bar = bars.add_task(doing, total=None)  # it moves to and fro until a fraction is known
        yield lambda fraction: bars.update(bar, completed=fraction, total=1.0)


def say(text: str) -> None:
    """A line of its own on standard error."""
    Notes(Console(stderr=True)).say(text)


class Reporter(Protocol):
    """What the loop tells while it runs."""

    def step(self, done: float, seconds: float, epoch: float, rate: float, terms: Mapping[str, float]) -> None:
        """A step: fraction of the training done, seconds so far, epochs done, rows per second, the latest terms."""
        ...

    def validation(self, record: Mapping[str, Any], left: float | None) -> None:
        """A validation: its record in metrics.jsonl, and the seconds left (None: unknown)."""
        ...

    def say(self, text: str) -> None:
        """A line of its own."""
        ...

    def close(self) -> None:
        """The training is over."""
        ...


def choose_reporter(shown: Shown, unit: str, console: Console | None = None) -> Reporter:
    """The reporter that fits.

    Args:
        shown: whether to show anything; "verbose" for a row per validation where there is no terminal, too.
        unit: what a row of data is called, as in "molecules/s".
        console: where to; standard error when left out.
    """
    console = console or Console(stderr=True)
    if not shown:
        return Silent()
    if console.is_terminal:
        return Bar(console, unit)
    return Rows(console) if shown == "verbose" else Notes(console)


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


class Notes(Silent):
    """Shows what is said in lines of its own, and no progress: for pipes and log files."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, text: str) -> None:
        """See Reporter."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class Rows(Notes):
    """A table that grows by a row per validation."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.names: list[str] = []

    def validation(self, record: Mapping[str, Any], left: float | None) -> None:
        """See Reporter."""
        if not self.names:
            most = (self.console.width - len(row("", "", "", ())) - len(BEST)) // (CELL + 1)
            self.names = list(record["validation"])[: max(1, most)]
            self.say(row("time", "epoch", "train loss", self.names))
        values = [_figure(record["validation"].get(name)) for name in self.names]
        loss = _figure(record["train"].get("loss"))
        self.say(row(clock(record["seconds"]), f"{record['epoch']:.2f}", loss, values) + BEST * record["best"])


class Bar(Rows):
    """A live bar under a row for each validation."""

    def __init__(self, console: Console, unit: str) -> None:
        super().__init__(console)
        self.unit = unit
        columns = (BarColumn(bar_width=BAR), TextColumn("{task.fields[text]}", table_column=Column(no_wrap=True)))
        self.progress = Progress(*columns, console=console, auto_refresh=False, transient=True)
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
        parts = [f"{done:4.0%}", "" if left is None else f"{clock(left)} left"]
        parts += [f"loss {_figure(terms['loss'])}" if "loss" in terms else "", f"epoch {epoch:.2f}"]
        parts += [f"{rate:,.0f} {self.unit}/s"]
        text = fitting([part for part in parts if part], self.console.width - BAR - 1)
        self.progress.update(self.task, completed=done, text=text)
        self.progress.refresh()

    def close(self) -> None:
        """See Reporter."""
        self.progress.stop()


def row(seconds: str, epoch: str, loss: str, values: Sequence[str]) -> str:
    """A row of the table of validations: the time so far, epochs done, the training loss, validation values."""
    return f"{seconds:>8} {epoch:>8} {loss:>{CELL}} " + " ".join(f"{value[:CELL]:>{CELL}}" for value in values)


def fitting(parts: Sequence[str], width: int) -> str:
    """As many of the parts, in their order, as fit on a line of so many characters."""
    text = ""
    for part in parts:
        longer = f"{text}  {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


def _figure(value: float | None) -> str:
    """A number to four figures."""
    return "not finite" if value is None else format(value, ".4g")


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
