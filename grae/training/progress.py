"""Progress of a training on standard error: in a terminal, a live bar under a table of validations."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grae.callbacks.events import End, Start, Step, Validation
from grae.callbacks.reporter import Notes, Reporter, Shown, choose, clock, seconds_left

if TYPE_CHECKING:
    from rich.console import Console

FRAME = 0.25
"""Seconds between updates of the bar."""
BAR = 20  # characters
HEADINGS = {
    "loss": "val. loss",
    "reconstruction": "L_REC",
    "embedding": "L_Z",
    "regularization": "L_REG",
    "cross_entropy": "nats",
}
"""Headings of validation values whose names are too long or ambiguous; losses as in Ghosh et al. 2020."""
CELL = 10
BEST = " best"


def choose_reporter(shown: Shown, unit: str, console: "Console | None" = None) -> Reporter:
    """The reporter of a training.

    Args:
        shown: whether to show anything; "verbose" to print a row per validation even without a terminal.
        unit: name of a row, as in "molecules/s".
        console: destination; standard error by default.
    """
    return choose(shown, lines=Rows, bar=lambda console: Bar(console, unit), console=console)


class Rows(Notes):
    """A table with one row per validation."""

    def __init__(self, console: "Console") -> None:
        super().__init__(console)
        self.names: list[str] = []

    def on_validation(self, validation: Validation) -> None:
        """See Callback."""
        if not self.names:
            most = (self.console.width - len(row("", "", "", ())) - len(BEST)) // (CELL + 1)
            self.names = list(validation.validation)[: max(1, most)]
            self.say(row("time", "epoch", "train loss", [HEADINGS.get(name, name) for name in self.names]))
        values = [_figure(validation.validation.get(name)) for name in self.names]
        loss = _figure(validation.train.get("loss"))
        self.say(row(clock(validation.seconds), f"{validation.epoch:.2f}", loss, values) + BEST * validation.best)


class Bar(Rows):
    """A live bar under a row for each validation."""

    def __init__(self, console: "Console", unit: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        super().__init__(console)
        self.unit = unit
        columns = (BarColumn(bar_width=BAR), TextColumn("{task.fields[text]}", table_column=Column(no_wrap=True)))
        self.progress = Progress(*columns, console=console, auto_refresh=False, transient=True)
        self.task = self.progress.add_task("training", total=1.0, text="")
        self.last = 0.0

    def on_start(self, start: Start) -> None:
        """See Callback."""
        self.progress.start()

    def on_step(self, step: Step) -> None:
        """See Callback."""
        now = time.monotonic()
        if now - self.last < FRAME:
            return
        self.last = now
        left = seconds_left(step.done, step.seconds)
        parts = [f"{step.done:4.0%}", "" if left is None else f"{clock(left)} left"]
        parts += [f"loss {_figure(step.terms['loss'])}" if "loss" in step.terms else "", f"epoch {step.epoch:.2f}"]
        parts += [f"{step.rows_per_second:,.0f} {self.unit}/s"]
        text = fitting([part for part in parts if part], self.console.width - BAR - 1)
        self.progress.update(self.task, completed=step.done, text=text)
        self.progress.refresh()

    def on_end(self, end: End) -> None:
        """See Callback."""
        self.progress.stop()


def row(seconds: str, epoch: str, loss: str, values: Sequence[str]) -> str:
    """A row of the table: time so far, epochs done, training loss, validation values."""
    return f"{seconds:>8} {epoch:>8} {loss:>{CELL}} " + " ".join(f"{value[:CELL]:>{CELL}}" for value in values)


def fitting(parts: Sequence[str], width: int) -> str:
    """The first parts, joined, that fit on a line of `width` characters."""
    text = ""
    for part in parts:
        longer = f"{text}  {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


def _figure(value: float | None) -> str:
    """A number to four significant digits."""
    return "not finite" if value is None else format(value, ".4g")


def in_words(terms: Mapping[str, float | None]) -> str:
    """Named numbers in one line, to four significant digits."""
    return " ".join(f"{name} {'not finite' if x is None else format(x, '.4g')}" for name, x in terms.items())
