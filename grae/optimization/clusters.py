"""Calls on the workers of a dask or ray cluster, which may die or hang like local processes.

The clusters' own futures are used, not joblib's backends for them: with dask, joblib never returns if a worker dies,
and with ray it cannot return results as they complete.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from grae.errors import MissingExtraError

Value = TypeVar("Value")
STARTING = 60
"""Seconds that a worker may take to restart."""
OF_THIS_MACHINE = {"distributed.scheduler.allowed-failures": 0, "distributed.deploy.lost-worker-timeout": "1h"}
"""Settings of a dask cluster started on this machine: a call that crashes its worker is not repeated, and workers that
are slow to restart on a busy machine are waited for."""


def connect_dask() -> None:
    """Connects to the cluster of the current client, or else starts one on this machine.

    Raises:
        MissingExtraError: dask is not installed.
    """
    try:
        from dask import config  # pyright: ignore[reportMissingImports]
        from dask.distributed import Client, get_client  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingExtraError("dask.distributed", "dask") from None
    try:
        get_client()
    except ValueError:  # none is connected
        config.set(OF_THIS_MACHINE)
        Client(processes=True, dashboard_address=None)


def connect_ray() -> None:
    """Connects to the cluster that the environment names (RAY_ADDRESS), or else starts one on this machine.

    Raises:
        MissingExtraError: ray is not installed.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingExtraError("ray", "ray") from None
    if not ray.is_initialized():
        ray.init(include_dashboard=False)


def dask_calls(
    function: Callable[..., Value], calls: Sequence[tuple[Any, ...]], limit: float | None
) -> Iterator[Value]:
    """Calls a function on the workers of the dask cluster; yields the results as they complete.

    A worker that does not answer in time is restarted; one that dies is replaced by the cluster, which repeats its
    calls elsewhere, up to `distributed.scheduler.allowed-failures` times.

    Args:
        function: the function.
        calls: arguments of each call.
        limit: seconds for all calls together; None for no limit.

    Raises:
        TimeoutError: a worker does not answer in time.
        BrokenProcessPool: a call crashes every worker that runs it.
    """
    from dask.distributed import KilledWorker, as_completed, get_client  # pyright: ignore[reportMissingImports]

    client: Any = get_client()
    futures = [client.submit(function, *call, pure=False) for call in calls]
    try:
        for future in as_completed(futures, timeout=limit):
            yield future.result()
    except KilledWorker as error:
        raise BrokenProcessPool(str(error)) from error
    except TimeoutError:
        keys = {future.key for future in futures}
        hung = [worker for worker, running in client.processing().items() if keys & set(running)]
        client.cancel(futures)
        client.restart_workers(hung, timeout=STARTING)
        raise
    finally:
        client.cancel(futures)


def ray_calls(function: Callable[..., Value], calls: Sequence[tuple[Any, ...]], limit: float | None) -> Iterator[Value]:
    """Calls a function on the workers of the ray cluster; yields the results as they complete.

    Args:
        function: the function.
        calls: arguments of each call.
        limit: seconds for all calls together; None for no limit.

    Raises:
        TimeoutError: a worker does not answer in time; it was terminated.
        BrokenProcessPool: a worker died.
    """
    import ray  # pyright: ignore[reportMissingImports]
    from ray.exceptions import RayError, RayTaskError  # pyright: ignore[reportMissingImports]

    remote = ray.remote(max_retries=0)(function)
    waiting = [remote.remote(*call) for call in calls]
    end = None if limit is None else time.monotonic() + limit
    try:
        while waiting:
            ready, waiting = ray.wait(waiting, timeout=None if end is None else max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError
            try:
                value = ray.get(ready[0])
            except RayTaskError as error:
                raise error.cause from error
            except RayError as error:
                raise BrokenProcessPool(str(error)) from error
            yield value
    finally:
        for reference in waiting:
            ray.cancel(reference, force=True)
