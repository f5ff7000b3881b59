"""Scoring of strings, one by one, in parallel, or in batches; the search survives targets that hang, raise or crash.

A built-in target, and a function without a source, are called in this process. A user's `module:function` is called in
worker processes, on this machine or on a cluster, which are terminated if they do not answer in time, and whose
standard output is redirected to standard error. With several workers, strings are sent in waves of one per worker, so
that a kill loses at most one wave. A batch target gets all strings at once.
"""

import math
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import cache
from typing import Any, Literal, Self

from grae.errors import SettingsError
from grae.optimization.clusters import connect_dask, connect_ray, dask_calls, ray_calls
from grae.targets.calls import attempts, stdout_to_stderr
from grae.targets.failures import Outcome
from grae.targets.target import Target

Backend = Literal["loky", "dask", "ray"]
BACKENDS = ("loky", "dask", "ray")
GRACE = 30.0
"""Seconds beyond the time limit after which a process counts as hung: it must first start and load the target."""
IDLE = 600
"""Seconds without a call after which a process exits."""
DIED = "its process died"
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "BLIS_NUM_THREADS")
"""Variables that limit the threads of a process; several processes share the cores."""


class Scorer:
    """Calls a target.

    Args:
        target: the target.
        workers: number of strings scored in parallel, or of parts of a batch.
        backend: where the processes run: on this machine ("loky"), or on a dask or ray cluster.
        timeout: time limit per string in seconds; None for no limit.

    Close it, or use it in a `with` statement, so that the processes exit.

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
        self.batch = bool(target.own and getattr(target, "batch", True))
        self.called = False
        self.here = workers == 1 and backend == "loky" and not (target.own and getattr(target, "source", None))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Terminates the processes in which the target is called, and their children.

        They are killed: a process with its own pool would deadlock on a regular exit, each waiting for the other.
        """
        if self.here or self.backend != "loky" or not self.called:
            return
        self.called = False
        _end_processes(self.workers)

    def __call__(self, strings: Sequence[str]) -> Iterator[Outcome]:
        """The outcome of each string, in order, as soon as it and all before it are available."""
        waiting: dict[int, Outcome] = {}
        following = 0
        for row, outcome in self.as_completed(strings):
            waiting[row] = outcome
            while following in waiting:
                yield waiting.pop(following)
                following += 1

    def as_completed(self, strings: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        """The outcome of each string with its index, as soon as it is available."""
        n = len(strings)
        size = math.ceil(n / self.workers) if self.batch else 1
        parts = [range(first, min(first + size, n)) for first in range(0, n, size or 1)]
        for first in range(0, len(parts), self.workers):
            wave = parts[first : first + self.workers]
            if not self.here:
                yield from self._wave(strings, wave)
                continue
            for rows in wave:
                yield from zip(rows, attempts(self.target, [strings[row] for row in rows], self.timeout), strict=True)

    def _wave(self, strings: Sequence[str], parts: Sequence[range]) -> Iterator[tuple[int, Outcome]]:
        """The outcomes of parts of the strings, scored in parallel by worker processes."""
        missing = dict(enumerate(parts))
        began = time.perf_counter()
        try:
            for number, outcomes in self._elsewhere([[strings[row] for row in rows] for rows in parts]):
                yield from zip(missing.pop(number), outcomes, strict=True)
            failed = ""
        except TimeoutError:
            failed = f"no answer within {self.timeout:g} seconds; its process was ended"
        except BrokenProcessPool:
            rows = [row for part in missing.values() for row in part]
            if len(rows) > 1 or len(parts) > 1:  # one string crashed the process: score each separately
                for row in rows:
                    for alone, outcome in self._wave(strings, [range(row, row + 1)]):
                        yield alone, replace(outcome, together=DIED) if len(rows) > len(missing) else outcome
                return
            failed = DIED
        lost = Outcome(None, time.perf_counter() - began, failed)
        yield from ((row, lost) for part in missing.values() for row in part)

    def _elsewhere(self, parts: Sequence[list[str]]) -> Iterator[tuple[int, list[Outcome]]]:
        """The number and the outcomes of each part, from worker processes, as they complete.

        Raises:
            TimeoutError: a process does not answer in time; it was terminated.
            BrokenProcessPool: a process died.
        """
        self.called = True
        longest = max(map(len, parts))
        limit = None if self.timeout is None else self.timeout * longest * (2 if longest > 1 else 1) + GRACE
        calls = [(number, self.target, part, self.timeout) for number, part in enumerate(parts)]
        match self.backend:
            case "dask":
                yield from dask_calls(_numbered, calls, limit)
            case "ray":
                yield from ray_calls(_numbered, calls, limit)
            case _:
                yield from _local(self.workers, limit, calls)


@cache
def _processes(workers: int) -> Any:
    """The worker processes of a search on this machine; idle ones end after a while."""
    from joblib.externals.loky import ProcessPoolExecutor, cpu_count

    threads = str(max(1, cpu_count() // workers))
    several = {name: os.environ.get(name, threads) for name in THREADS} if workers > 1 else {}
    return ProcessPoolExecutor(max_workers=workers, timeout=IDLE, env=several)


def _local(workers: int, limit: float | None, calls: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, list[Outcome]]]:
    """Calls in processes on this machine; they are terminated if one does not answer in time, or at an exception."""
    executor = _processes(workers)
    try:
        for future in as_completed([executor.submit(_numbered, *call) for call in calls], timeout=limit):
            yield future.result()
    except BaseException:
        _end_processes(workers)
        raise


def _end_processes(workers: int) -> None:
    executor = _processes(workers)
    _processes.cache_clear()
    executor.shutdown(wait=True, kill_workers=True)


def _numbered(number: int, target: Target, texts: Sequence[str], timeout: float | None) -> tuple[int, list[Outcome]]:
    if multiprocessing.get_start_method(allow_none=True) == "loky":  # unknown to pools started by the target
        multiprocessing.set_start_method(None, force=True)
    with stdout_to_stderr():
        return number, attempts(target, texts, timeout)


def _ready(backend: str) -> str:
    """Connects to a backend.

    Raises:
        SettingsError: there is no such backend.
        MissingExtraError: its package is not installed.
    """
    match backend:
        case "loky":
            return backend
        case "dask":
            connect_dask()
            return backend
        case "ray":
            connect_ray()
            return backend
        case _:
            raise SettingsError.unknown("backend", backend, BACKENDS)
