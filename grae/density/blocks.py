"""Codes drawn block by block, each block with its own seed, so that the work can be divided among machines."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from grae.density.noise import Sampled
from grae.shards import Shard

BLOCK = 32_768  # codes


class Drawn(NamedTuple):
    """A block of codes.

    Attributes:
        number: index of the block, from 0.
        codes: (k, D) float32.
        seed: seed of the block, also for random operations on its codes.
    """

    number: int
    codes: np.ndarray
    seed: int


def code_blocks(density: Sampled, n: int, seed: int, shard: Shard | None = None) -> Iterator[Drawn]:
    """Draws n codes in blocks of `BLOCK`; up to one block, they are those of `density.sample`.

    Args:
        density: distribution to sample.
        n: number of codes of the whole job.
        seed: seed of the job.
        shard: which of the blocks to draw; None for all.
    """
    for number in range(-(-n // BLOCK)):
        if shard is None or number in shard:
            own = block_seed(seed, number)
            yield Drawn(number, density.sample(min(BLOCK, n - number * BLOCK), own), own)


def block_seed(seed: int, number: int) -> int:
    """The seed of a block: that of the job for the first block, and independent ones for the others."""
    return seed if number == 0 else int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)
