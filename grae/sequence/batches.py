"""Batches of derivations for the training loop: shuffled, and by default alike in length within a batch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from grae.grammar.codec import Derivations

POOL = 50  # batches whose rows are sorted by length together


class DerivationBatches:
    """Some rows of a set of derivations, as batches; the order is a pure function of the seed and the epoch.

    Args:
        derivations: the derivations, in memory or memory-mapped.
        rows: which of them, (n,) int64.
        pad: the id that fills up a batch.
        batch_size: the most derivations in a batch.
        seed: of the order.
        by_length: whether the derivations of a batch are alike in length, which spares padding; otherwise they are
            drawn from all, as batch normalization wants it.
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
        """Derivations an epoch."""
        return len(self.rows)

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The rows of each batch of an epoch, int64 arrays whose sizes differ by few.

        All rows are shuffled and cut into pools; each pool is sorted by length and cut into batches, and their order is
        shuffled. Where batches are not by length, all rows are shuffled and cut into batches.
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
        """A batch: "ids", (B, T) long, T the longest of its derivations."""
        return {"ids": torch.from_numpy(self.derivations.padded(rows, self.pad).astype(np.int64))}


def _parts(n: int, size: int) -> int:
    return max(1, -(-n // size))
