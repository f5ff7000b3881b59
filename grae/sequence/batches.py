"""Batches of derivations for the training loop: shuffled, and by default bucketed by length."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from grae.grammar.codec import Derivations

POOL = 50  # batches whose rows are sorted by length together


class DerivationBatches:
    """Rows of a set of derivations in batches; their order is a pure function of seed and epoch.

    Args:
        derivations: the derivations, in memory or memory-mapped.
        rows: the rows to use, (n,) int64.
        pad: the padding id.
        batch_size: maximum number of derivations per batch.
        seed: seed of the order.
        by_length: whether a batch holds derivations of similar length, which saves padding; otherwise it is drawn
            from all lengths, as batch normalization needs.
    """

    def __init__(
        self,
        derivations: Derivations,
        rows: np.ndarray,
        *,
        pad: int,
        batch_size: int,
        seed: int = 0,
        by_length: bool = True,
    ) -> None:
        self.derivations = derivations
        self.rows = rows
        self.pad = pad
        self.batch_size = batch_size
        self.seed = seed
        self.by_length = by_length
        self.lengths = derivations.lengths[rows]

    @property
    def n_rows(self) -> int:
        """Derivations per epoch."""
        return len(self.rows)

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The rows of each batch of an epoch, int64 arrays of nearly equal sizes.

        The rows are shuffled and split into pools of `POOL` batches; each pool is sorted by length and split into
        batches, whose order is shuffled. Without `by_length` the shuffled rows are split into batches.
        """
        generator = np.random.default_rng([self.seed, epoch])
        order = generator.permutation(len(self.rows))
        if not self.by_length:
            return [self.rows[part] for part in np.array_split(order, _parts(len(order), self.batch_size))]
        batches: list[np.ndarray] = []
        for pool in np.array_split(order, _parts(len(order), POOL * self.batch_size)):
            by_length = pool[np.argsort(self.lengths[pool], kind="stable")]
            batches += np.array_split(by_length, _parts(len(pool), self.batch_size))
        return [self.rows[batches[i]] for i in generator.permutation(len(batches))]

    def in_order(self) -> list[np.ndarray]:
        """Positions in `rows`, from the shortest derivation to the longest, in batches."""
        order = np.argsort(self.lengths, kind="stable")
        return [part for part in np.array_split(order, _parts(len(order), self.batch_size)) if len(part)]

    def collate(self, rows: np.ndarray) -> dict[str, Tensor]:
        """A batch: "ids", (B, T) long, padded to the length T of its longest derivation."""
        return {"ids": torch.from_numpy(self.derivations.padded(rows, self.pad).astype(np.int64))}


def _parts(n: int, size: int) -> int:
    return max(1, -(-n // size))
