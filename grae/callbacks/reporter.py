"""Progress on standard error: nothing, lines for a log file, or a live bar in a terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from grae.callbacks.protocol import Callback
from grae.terminal import fitted

if TYPE_CHECKING:
    from rich.console import Console

Shown = bool | Literal["verbose"]
"""Whether to show progress if standard error is a terminal; "verbose" to also print lines if it is not."""


class Reporter(Callback):
    """A callback that reports progress; this one shows nothing."""

    def say(self, text: str) -> None:
        """Prints a line."""

    def doing(self, what: str, fraction: float | None = None) -> None:
        """Sets the current activity and the fraction of it that is done, 0 to 1."""

    def close(self) -> None:
        """Ends the display, whether a training or search was started or not."""


class Notes(Reporter):
    """Prints lines only, no progress: for pipes and log files.

    Args:
        console: destination.
    """

    def __init__(self, console: "Console") -> None:
        self.console = console

    def say(self, text: str) -> None:
        """See Reporter."""
        columns = self.console.width if self.console.is_terminal else None
        self.console.print(fitted(text, columns), markup=False, highlight=False, soft_wrap=True)


def choose(
    shown: Shown,
    *,
    lines: "Callable[[Console], Reporter]",
    bar: "Callable[[Console], Reporter]",
    console: "Console | None" = None,
) -> Reporter:
    """The reporter for a console.

    Args:
        shown: whether to show anything; "verbose" for lines even without a terminal.
        lines: creates the reporter of "verbose" for a pipe or a log file.
        bar: creates the reporter for a terminal.
        console: destination; standard error by default.
    """
    if not shown:
        return Reporter()
    console = console or stderr_console()
    if console.is_terminal:
        return bar(console)
    return lines(console) if shown == "verbose" else Notes(console)


def stderr_console() -> "Console":
    """A Rich console on standard error."""
    from rich.console import Console

    return Console(stderr=True)


@contextlib.contextmanager
def stage(doing: str, *, shown: bool = True) -> Iterator[Callable[[float], None]]:
    """A progress bar for one stage of a longer task; yields a function to call with the fraction done, 0 to 1.

    Args:
        doing: the stage.
        shown: whether to show it; only if standard error is a terminal.
    """
    from rich.progress import Progress

    shown = shown and sys.stderr.isatty()
    with Progress(console=stderr_console(), transient=True, disable=not shown) as bars:
        bar = bars.add_task(doing, total=None)  # pulses until a fraction is known
        yield lambda fraction: bars.update(bar, completed=fraction, total=1.0)


def say(text: str) -> None:
    """Prints a line on standard error."""
    Notes(stderr_console()).say(text)


def clock(seconds: float) -> str:
    """A duration as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def seconds_left(done: float, seconds: float) -> float | None:
    """Estimated seconds to the end at the speed so far; None at the start.

    Args:
        done: fraction done, 0 to 1.
        seconds: elapsed seconds.
    """
    return seconds * (1 - done) / done if done > 0 else None
