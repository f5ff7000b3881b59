"""Calls of a target: timed, with a time limit, and with failures recorded instead of raised."""

import contextlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from grae.targets.failures import Outcome, ScoresError, described, traced
from grae.targets.scores import scores_of
from grae.targets.target import Target


def attempt(target: Target, text: str, timeout: float | None = None) -> Outcome:
    """One call of a target with one string; see `attempts`."""
    return attempts(target, [text], timeout)[0]


def attempts(target: Target, texts: Sequence[str], timeout: float | None = None) -> list[Outcome]:
    """One call of a target; if it fails on several strings, one call for each of them.

    The time limit per string uses an alarm signal, which works in the main thread only; elsewhere there is no limit.

    Raises:
        ScoresError: the target does not return one score per string.
    """
    began = time.perf_counter()
    try:
        with _alarm(None if timeout is None else timeout * len(texts)):
            scores = scores_of(target.evaluate(list(texts)), len(texts), target.name)
    except _OutOfTimeError:
        passed = time.perf_counter() - began
        return [Outcome(None, passed, f"no answer within {timeout:g} seconds")] * len(texts)
    except (KeyboardInterrupt, ScoresError):
        raise
    except BaseException as error:  # noqa: BLE001 - a user's target may raise anything, or exit; it is recorded
        if len(texts) > 1:
            return [replace(attempt(target, text, timeout), together=described(error)) for text in texts]
        return [Outcome(None, time.perf_counter() - began, described(error), traced(error))]
    seconds = (time.perf_counter() - began) / len(texts)
    return [_outcome(float(score), seconds) for score in scores]


def _outcome(score: float, seconds: float) -> Outcome:
    error = f"the score is {score}" if math.isinf(score) else None
    return Outcome(score if math.isfinite(score) else None, seconds, error)


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """A context that redirects standard output to standard error, also for child processes."""
    with contextlib.redirect_stdout(sys.stderr):
        try:
            sys.__stdout__.flush()  # pyright: ignore[reportOptionalMemberAccess]
            stdout = os.dup(1)
            os.dup2(2, 1)
        except (AttributeError, OSError, ValueError):  # no standard streams
            yield
            return
        try:
            yield
        finally:
            with contextlib.suppress(AttributeError, OSError, ValueError):
                sys.__stdout__.flush()  # pyright: ignore[reportOptionalMemberAccess]
            os.dup2(stdout, 1)
            os.close(stdout)


class _OutOfTimeError(BaseException):
    """The time limit has passed; not an Exception, so that handlers in the target do not catch it."""


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Raises `_OutOfTimeError` in the body after the given seconds; an earlier alarm is restored afterwards."""
    alarm = getattr(signal, "SIGALRM", None)
    if seconds is None or alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise _OutOfTimeError

    handler = signal.signal(alarm, ring)
    began = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), interval)
