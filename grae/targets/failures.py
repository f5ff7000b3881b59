"""Failed calls of a target: the number of each kind, and the first one with its traceback."""

import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grae.errors import GraeError

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = tuple(str(Path(__file__).parents[1] / name) for name in ("targets", "optimization"))
LONGEST = 4_000
"""Maximum number of characters kept of a message or a traceback, from its end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a call of a target.

    Attributes:
        score: finite; None for an invalid string and for a failed call.
        seconds: duration of the call; for a batch, the string's share.
        error: why there is no score, if the call failed.
        traceback: traceback of the exception raised by the target, without grae's own frames.
        together: why a call with several strings failed, after which each was scored separately.
        scores: scores of several targets, by name, which `score` combines; None for a single target.
    """

    score: float | None
    seconds: float
    error: str | None = None
    traceback: str | None = None
    together: str | None = None
    scores: dict[str, float | None] | None = None

    @property
    def kind(self) -> str | None:
        """The kind of failure: the exception's class, or the whole message without an exception."""
        return None if self.error is None else self.error.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call.

    Attributes:
        string: the string to be scored.
        outcome: outcome of the call.
    """

    string: str
    outcome: Outcome

    def __str__(self) -> str:
        details = self.outcome.traceback or self.outcome.error or ""
        return f"on {self.string!r}:\n" + "\n".join(f"    {line}" for line in details.splitlines())


class TargetFailedWarning(UserWarning):
    """A target failed on a string; the search continues."""


class ScoresError(GraeError):
    """A target returned something other than one score per string, so that scores cannot be assigned to strings."""

    def __init__(self, name: str, given: str, n: int) -> None:
        strings = "one string" if n == 1 else f"{n:,} strings"
        super().__init__(
            f"target (--target) {name} gave {given} for {strings}",
            remedy="return a list or an array with a number for each string, in their order, and None or NaN for an "
            "invalid one",
        )
        self.init = name, given, n

    def __reduce__(self) -> tuple[type, tuple[str, str, int]]:
        return type(self), self.init


class TargetError(GraeError):
    """A target that fails on all strings it was called with.

    Args:
        message: the problem.
        tried: the strings, and the outcome of each.
        remedy: what the user can do about it.
    """

    def __init__(self, message: str, tried: Sequence[tuple[str, Outcome]], *, remedy: str) -> None:
        failures = Failures()
        for text, outcome in tried:
            failures.add(text, outcome)
        self.summary = f"{message}: {failures}"
        super().__init__(f"{self.summary}\nthe first failure was {failures.first}", remedy=remedy)
        self.tried = list(tried)

    def omit_first(self) -> None:
        """Removes the first failure from the message, after it has been shown."""
        self.message = self.summary

    @property
    def history(self) -> "pd.DataFrame":
        """One row per call, in order: string, score, seconds, error, traceback, together (see Outcome)."""
        import pandas as pd

        return pd.DataFrame([{"string": text, **asdict(outcome)} for text, outcome in self.tried])


class Failures:
    """The failures of a search.

    Attributes:
        kinds: number of failures of each kind.
        first: the first failure since the search was started or resumed; None without any.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.first: Failure | None = None

    def __len__(self) -> int:
        return self.kinds.total()

    def __str__(self) -> str:
        return counted(self.kinds)

    def add(self, text: str, outcome: Outcome) -> bool:
        """Counts an outcome if it is a failure; returns whether it is the first."""
        if outcome.kind is None:
            return False
        self.kinds[outcome.kind] += 1
        first = self.first is None
        self.first = self.first or Failure(text, outcome)
        return first

    def recall(self, errors: Iterable[str | None]) -> None:
        """Counts failures from before the search was resumed, by their messages."""
        for error in errors:
            if error is not None:
                self.kinds[Outcome(None, 0.0, error).kind or ""] += 1


def counted(kinds: Counter[str]) -> str:
    """Kinds of failures with their numbers, most frequent first."""
    return ", ".join(f"{number:,} x {kind}" for kind, number in kinds.most_common())


def warn(name: str, failure: Failure) -> None:
    """Warns that a target failed, if no progress is shown."""
    warnings.warn(f"target {name} failed {failure}", TargetFailedWarning, stacklevel=2)


def warn_of_batch(name: str, reason: str) -> None:
    """Warns that strings are scored one by one, if no progress is shown."""
    warnings.warn(scored_singly(name, reason), TargetFailedWarning, stacklevel=2)


def scored_singly(name: str, reason: str) -> str:
    """The message for a target that fails on several strings at once."""
    return f"target {name} failed on several strings at once, so each was scored by itself: {reason}"


def described(error: BaseException) -> str:
    """An exception in one line, class and message, encodable as UTF-8."""
    return _writable("".join(traceback.format_exception_only(error)).strip())


def traced(error: BaseException) -> str:
    """The traceback of an exception from a target, beginning with the first frame outside grae."""
    formatted = traceback.TracebackException.from_exception(error)
    frames = list(formatted.stack)
    while frames and frames[0].filename.startswith(PACKAGES):
        frames.pop(0)
    formatted.stack = traceback.StackSummary.from_list(frames)
    return _writable("".join(formatted.format()).strip())


def _writable(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST else f"... {text[-LONGEST:]}"
