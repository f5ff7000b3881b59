"""The interface of data for the training loop: the rows of each batch, and the batch of given rows."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from grae.errors import DataError
from grae.training.position import Position

Batch = Tensor | Mapping[str, Tensor]


class Batches(Protocol):
    """Data for the loop. Both methods are pure functions, so that a resumed run sees the same batches."""

    @property
    def n_rows(self) -> int:
        """Total number of rows."""
        ...

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The row numbers of each batch of an epoch (integer arrays), a function of seed and epoch alone."""
        ...

    def collate(self, rows: np.ndarray) -> Any:
        """The batch of these rows, a tensor or a dictionary of tensors, on the CPU."""
        ...


def steps_from(
    position: Position, data: Batches, rank: int, world: int, device: torch.device
) -> Generator[tuple[Any, int, int]]:
    """The batches of a training from a position on, epoch after epoch, without end.

    Args:
        position: where to start.
        data: see `Batches`.
        rank: rank of this process.
        world: number of processes.
        device: device of the batches.

    Yields:
        This process's share of a batch, None where the batch has fewer rows than there are processes; number of rows in
        the shares of all processes; number of batches in the epoch.

    Raises:
        DataError: an epoch has no batches.
    """
    epoch, first = position.epoch, position.batch
    while True:
        batches = data.batches(epoch)
        if len(batches) == 0:
            raise DataError("an epoch has no batches", remedy="give more data or a smaller batch_size")

        def make(index: int, batches: Any = batches) -> tuple[Any, int, int]:
            rows: np.ndarray = shard(batches[index], rank, world)
            batch = to_device(data.collate(rows), device) if len(rows) else None
            return batch, len(rows) * world, len(batches)

        yield from prefetch(make, range(first, len(batches)), depth=2 if device.type == "cuda" else 0)
        epoch, first = epoch + 1, 0


def shuffled_batches(n_rows: int, batch_size: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """All rows in random order, in batches of at most `batch_size` whose sizes differ by at most one.

    Even sizes avoid a last batch of a row or two, on which batch normalization would fail.
    """
    order = np.random.default_rng((seed, epoch)).permutation(n_rows)
    return np.array_split(order, max(1, -(-n_rows // batch_size)))


def mean_losses(
    parts: Sequence[np.ndarray], collate: Callable[[np.ndarray], Any]
) -> Callable[[nn.Module], dict[str, float]]:
    """A validation function: the means over all rows of the terms that a module's `forward` returns.

    Args:
        parts: the row numbers of each batch.
        collate: the batch of given rows, on the CPU.
    """

    def validate(module: nn.Module) -> dict[str, float]:
        device = next(module.parameters()).device
        names: list[str] = []
        values: list[Tensor] = []
        for rows in parts:
            terms = module(to_device(collate(rows), device))
            names = list(terms)
            values.append(torch.stack([value.detach().float() for value in terms.values()]))
        sums = dict.fromkeys(names, 0.0)
        for rows, of_batch in zip(parts, torch.stack(values).tolist(), strict=True):  # one sync
            for name, value in zip(names, of_batch, strict=True):
                sums[name] += value * len(rows)
        return {name: total / sum(map(len, parts)) for name, total in sums.items()}

    return validate


def shard(rows: np.ndarray, rank: int, world: int) -> np.ndarray:
    """One process's rows of a batch: every `world`-th, the same number for each process; a remainder is dropped."""
    return rows[: len(rows) // world * world][rank::world]


def to_device(batch: Any, device: torch.device) -> Any:
    """Moves a batch to the device; to a CUDA device from pinned memory, asynchronously."""
    if isinstance(batch, Mapping):
        return {name: to_device(tensor, device) for name, tensor in batch.items()}
    if device.type == "cuda":
        return batch.pin_memory().to(device, non_blocking=True)
    return batch.to(device)


def prefetch(make: Callable[[int], Any], indices: range, depth: int) -> Iterator[Any]:
    """`make(i)` for each index in order, prefetched by a thread up to `depth` ahead; 0 does not prefetch."""
    if depth == 0:
        yield from map(make, indices)
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as executor:
        waiting: list[Future[Any]] = []
        try:
            for index in indices:
                waiting.append(executor.submit(make, index))
                if len(waiting) > depth:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
