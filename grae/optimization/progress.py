"""Progress of a search on standard error: a live bar in a terminal; elsewhere, if verbose, lines."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

from grae.callbacks.events import Evaluation, Progress, Round
from grae.callbacks.reporter import Notes, Reporter, Shown, choose, clock
from grae.targets.failures import Failures, Outcome, scored_singly, warn, warn_of_batch

PART = 0.2  # fraction of a long operation after which a line is printed


def search_reporter(shown: Shown, console: Console | None = None) -> Reporter:
    """The reporter of a search; see `choose`. Without a terminal, it reports only failures unless "verbose"."""
    return choose(shown, lines=Lines, bar=Bar, console=console)


class Lines(Notes):
    """Notes, and one line per round."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.shown: tuple[str, float] | None = None

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See Reporter. Prints a line when a long operation starts, and one for each further fifth."""
        if fraction is None:
            return
        if self.shown is not None and self.shown[0] == what and fraction < min(1.0, self.shown[1] + PART):
            return
        self.shown = (what, fraction)
        self.say(f"{what} {fraction:.0%}")

    def on_round(self, round: Round) -> None:
        """See Callback."""
        self.say(summary(round.progress))


class Bar(Lines):
    """A live bar below a line for each round that found a new best."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        columns = (BarColumn(bar_width=16), TextColumn("{task.fields[text]}", markup=False))
        self.progress = Bars(*columns, console=console, transient=True)
        self.task = self.progress.add_task("search", total=None, text="")
        self.progress.start()

    def on_evaluation(self, evaluation: Evaluation) -> None:
        """See Callback."""
        progress = evaluation.progress
        self.progress.update(self.task, total=progress.total, completed=progress.evaluations, text=summary(progress))

    def on_round(self, round: Round) -> None:
        """See Callback."""
        if round.improved:
            super().on_round(round)

    def doing(self, what: str, fraction: float | None = None) -> None:
        """See Reporter."""
        done = "" if fraction is None else f" {fraction:.0%}"
        self.progress.update(self.task, text=f"{what}{done}")

    def close(self) -> None:
        """See Reporter."""
        self.progress.stop()


class Watch:
    """The display of a search, and its count of failures.

    Args:
        name: name of the target.
        shown: whether progress is shown; if not, a failure is a warning.
        announce: called once, before the first outcome is noted or when `announce` is called.

    Attributes:
        reporter: shows the progress.
        failures: failures noted.
        singly: whether a batch had to be scored one string at a time.
    """

    def __init__(self, name: str, *, shown: Shown, announce: Callable[[], None] | None = None) -> None:
        self.name, self.shown = name, shown
        self._announce = announce
        self.reporter = search_reporter(shown)
        self.failures = Failures()
        self.singly = False

    def close(self) -> None:
        """Ends the display."""
        self.reporter.close()

    def announce(self) -> None:
        """Announces the search, unless it has been announced."""
        if self._announce is not None:
            self._announce()
        self._announce = None

    def note(self, text: str, outcome: Outcome) -> None:
        """Counts a call; reports the first failure, and the first batch scored one string at a time, immediately."""
        self.announce()
        if outcome.together is not None and not self.singly:
            self.singly = True
            if self.shown:
                self.reporter.say(scored_singly(self.name, outcome.together))
            else:
                warn_of_batch(self.name, outcome.together)
        if not self.failures.add(text, outcome) or self.failures.first is None:
            return
        if self.shown:
            self.reporter.say(f"target {self.name} failed {self.failures.first}")
        else:
            warn(self.name, self.failures.first)


def summary(progress: Progress) -> str:
    """The state of a search in one line: evaluations, best so far, validity, time left."""
    best = progress.best
    parts = [
        f"{progress.evaluations}/{progress.total} evaluations",
        "no valid string yet" if best is None else f"best {best.score:.4g} {best.string}",
        "(from the start)" if best is not None and best.origin == "start" else "",
        f"{progress.valid:.0%} valid",
        "" if not progress.seconds_left else f"{clock(progress.seconds_left)} left",
    ]
    return "  ".join(part for part in parts if part)


def fraction_of(reporter: Reporter, what: str) -> Callable[[float], None]:
    """A callback that reports the fraction done to a reporter."""
    return lambda fraction: reporter.doing(what, fraction)
