"""What is shown while something runs, on standard error: nothing, lines for a log file, or a live bar in a terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from grae.callbacks.protocol import Callback
from grae.terminal import fitted

if TYPE_CHECKING:
    from rich.console import Console

Shown = bool | Literal["verbose"]
"""Whether to show progress where standard error is a terminal; "verbose" for lines elsewhere, too."""


class Reporter(Callback):
    """A callback that shows progress; this one shows nothing."""

    def say(self, text: str) -> None:
        """A line of its own."""

    def doing(self, what: str, fraction: float | None = None) -> None:
        """What takes time now, and the fraction of it that is done, 0 to 1."""

    def close(self) -> None:
        """Nothing takes time any more, whether a training or a search was started or not."""


class Notes(Reporter):
    """Shows what is said in lines of its own, and no progress: for pipes and log files.

    Args:
        console: where to.
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
    """The reporter that fits.

    Args:
        shown: whether to show anything; "verbose" for lines where there is no terminal, too.
        lines: makes the reporter of "verbose" for a pipe or a log file.
        bar: makes that of a terminal.
        console: where to; standard error when left out.
    """
    if not shown:
        return Reporter()
    console = console or stderr_console()
    if console.is_terminal:
        return bar(console)
    return lines(console) if shown == "verbose" else Notes(console)


def stderr_console() -> "Console":
    """Rich's console on standard error."""
    from rich.console import Console

    return Console(stderr=True)


@contextlib.contextmanager
def stage(doing: str, *, shown: bool = True) -> Iterator[Callable[[float], None]]:
    """A bar for one stage of something longer; gives what to call with the fraction done, 0 to 1.

    Args:
        doing: what takes so long.
        shown: whether to show it where standard error is a terminal; elsewhere there is none.
    """
    from rich.progress import Progress

    shown = shown and sys.stderr.isatty()
    with Progress(console=stderr_console(), transient=True, disable=not shown) as bars:
        bar = bars.add_task(doing, total=None)  # it moves to and fro until a fraction is known
        yield lambda fraction: bars.update(bar, completed=fraction, total=1.0)


def say(text: str) -> None:
    """A line of its own on standard error."""
    Notes(stderr_console()).say(text)


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def seconds_left(done: float, seconds: float) -> float | None:
    """Seconds to the end at the speed so far; None before there is any.

    Args:
        done: fraction, 0 to 1.
        seconds: that it took.
    """
    return seconds * (1 - done) / done if done > 0 else None
