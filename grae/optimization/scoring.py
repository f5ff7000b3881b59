"""Strings scored one after another or several at a time; a target that hangs, raises or dies ends no run.

A built-in target, and a function that only this process has, is called right here. One's own `module:function` is
called in processes of their own (joblib), which are ended where they do not answer in time. Where several work, a wave
of as many strings as workers goes out at a time, so that what is under way when the program is killed is one wave.
"""

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import TimeoutError as JoblibTimeout
from typing import Any, Literal

import numpy as np

from grae.errors import MissingExtraError, SettingsError
from grae.optimization.targets import Target

Backend = Literal["loky", "dask", "ray"]
BACKENDS = ("loky", "dask", "ray")
GRACE = 30.0
"""Seconds beyond the time limit after which a process counts as hung: it has to start and to load the target first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call of a target.

    Attributes:
        score: finite; None for an invalid string and for a call that failed.
        seconds: that it took.
        error: why there is no score, where the target did not answer at all.
    """

    score: float | None
    seconds: float
    error: str | None = None


class Scorer:
    """Calls a target.

    Args:
        target: the target.
        workers: strings scored at a time.
        backend: of joblib, where there are several.
        timeout: seconds that a call may take; None for no limit.

    Raises:
        SettingsError: an unknown backend, or a number out of range.
        MissingExtraError: the backend is not installed.
    """

    def __init__(
        self, target: Target, *, workers: int = 1, backend: Backend = "loky", timeout: float | None = None
    ) -> None:
        if workers < 1:
            raise SettingsError(f"{workers} workers", remedy="give at least 1")
        if timeout is not None and not (math.isfinite(timeout) and timeout > 0):
            raise SettingsError(f"a time limit of {timeout} seconds", remedy="give more than 0, or none")
        self.target = target
        self.workers = workers
        self.backend = _ready(backend)
        self.timeout = timeout
        self.here = workers == 1 and backend == "loky" and not (target.own and getattr(target, "source", None))

    def __call__(self, strings: Sequence[str]) -> Iterator[Outcome]:
        """The outcome of each string, in order, as soon as it is known."""
        for first in range(0, len(strings), self.workers):
            wave = strings[first : first + self.workers]
            yield from [attempt(self.target, text, self.timeout) for text in wave] if self.here else self._wave(wave)

    def _wave(self, texts: Sequence[str]) -> list[Outcome]:
        """The outcomes of strings that other processes score together."""
        from joblib import Parallel, delayed, parallel_config

        found: dict[int, Outcome] = {}
        began = time.perf_counter()
        limit = None if self.timeout is None else self.timeout + GRACE
        try:
            with parallel_config(self.backend, n_jobs=max(2, self.workers)):
                work: Any = Parallel(timeout=limit, pre_dispatch="all", return_as="generator_unordered")
                calls = (delayed(_numbered)(row, self.target, text, self.timeout) for row, text in enumerate(texts))
                for row, outcome in work(calls):
                    found[row] = outcome
            failed = ""
        except (JoblibTimeout, TimeoutError):
            failed = f"no answer within {self.timeout:g} seconds; its process was ended"
        except BrokenProcessPool:
            if len(texts) > 1:  # one of them took the process down: each of those without an outcome alone
                missing = [row for row in range(len(texts)) if row not in found]
                found |= {row: self._wave([texts[row]])[0] for row in missing}
            failed = "its process died"
        lost = Outcome(None, time.perf_counter() - began, failed)
        return [found.get(row, lost) for row in range(len(texts))]


def attempt(target: Target, text: str, timeout: float | None = None) -> Outcome:
    """One call of a target.

    The time limit is kept by an alarm, which reaches the main thread alone; elsewhere there is none here.
    """
    began = time.perf_counter()
    try:
        with _alarm(timeout):
            scores = np.asarray(target.evaluate([text]), np.float64)
            if scores.shape != (1,):
                raise ValueError(f"target {target.name} gave an array of shape {scores.shape} for one string")
    except _OutOfTimeError:
        return Outcome(None, time.perf_counter() - began, f"no answer within {timeout:g} seconds")
    except Exception as error:  # noqa: BLE001 - a user's target may raise anything; the run goes on and records it
        return Outcome(None, time.perf_counter() - began, f"{type(error).__name__}: {error}")
    score = float(scores[0])
    error = f"the score is {score}" if math.isinf(score) else None
    return Outcome(score if math.isfinite(score) else None, time.perf_counter() - began, error)


class _OutOfTimeError(BaseException):
    """The alarm went off; no Exception, so that a target's own handlers let it pass."""


def _numbered(row: int, target: Target, text: str, timeout: float | None) -> tuple[int, Outcome]:
    return row, attempt(target, text, timeout)


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Raises `_OutOfTimeError` in the body after so many seconds; an alarm set before goes on afterwards."""
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


def _ready(backend: str) -> str:
    """Makes a backend known to joblib.

    Raises:
        SettingsError: there is no such backend.
        MissingExtraError: its package is not installed.
    """
    match backend:
        case "loky":
            return backend
        case "dask":
            try:
                from dask.distributed import Client, get_client  # pyright: ignore[reportMissingImports]
            except ImportError:
                raise MissingExtraError("dask.distributed", "dask") from None
            try:
                get_client()
            except ValueError:  # none is connected: a cluster of this machine
                Client()
            return backend
        case "ray":
            try:
                from ray.util.joblib import register_ray  # pyright: ignore[reportMissingImports]
            except ImportError:
                raise MissingExtraError("ray", "ray") from None
            register_ray()
            return backend
        case _:
            raise SettingsError.unknown("backend", backend, BACKENDS)
