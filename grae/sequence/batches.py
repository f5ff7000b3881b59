"""Batches of derivations for the training loop: shuffled, and alike in length within a batch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from grae.grammar.codec import Derivations

POOL = 50  # batches that are sorted by length together


class DerivationBatches:
    """Some rows of a set of derivations, as batches; the order is a pure function of the seed and the epoch.

    Args:
        derivations: the derivations, in memory or memory-mapped.
        rows: which of them, (n,) int64.
        pad: the id that fills up a batch.
        batch_size: derivations a batch.
        seed: of the order.
    """

    def __init__(self, derivations: Derivations, rows: np.ndarray, *, pad: int, batch_size: int, seed: int) -> None:
        self.derivations = derivations
        self.rows = rows
        self.pad = pad
        self.batch_size = batch_size
        self.seed = seed
        self.lengths = derivations.lengths[rows]

    @property
    def n_rows(self) -> int:
        """Derivations an epoch."""
        return len(self.rows)

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The rows of each batch of an epoch, each (batch_size,) int64 or, once, fewer."""
        generator = np.random.default_rng([self.seed, epoch])
        order = generator.permutation(len(self.rows))
        pools = np.split(order, range(POOL * self.batch_size, len(order), POOL * self.batch_size))
        sorted_pools = [pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools]
        chunks = [
            pool[start : start + self.batch_size] for pool in sorted_pools for start in range(0, len(pool), self.batch_size)
        ]
        return [self.rows[chunks[i]] for i in generator.permutation(len(chunks))]

    def in_order(self) -> Sequence[np.ndarray]:
        """The rows of each batch, from the shortest derivation to the longest."""
        order = np.argsort(self.lengths, kind="stable")
        return [self.rows[order[start : start + self.batch_size]] for start in range(0, len(order), self.batch_size)]

    def collate(self, rows: np.ndarray) -> dict[str, Tensor]:
        """A batch: "ids", (B, T) long, T the longest of its derivations."""
        return {"ids": torch.from_numpy(self.derivations.padded(rows, self.pad).astype(np.int64))}
