"""Held-out codes and batches for densities that are trained as networks."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from grae.training.batches import shuffled_batches

HELD_OUT = 0.05  # share of the codes used for validation


def held_out_of(codes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Splits codes at random into training and held-out codes; if there are too few, the held-out set is all codes."""
    order = np.random.default_rng(seed).permutation(len(codes))
    n_held_out = int(HELD_OUT * len(codes))
    return codes[order[n_held_out:]], codes[order[:n_held_out]] if n_held_out else codes


class CodeBatches:
    """Codes (n, D) float32 in shuffled batches {"x": (B, D)}.

    Args:
        codes: the codes.
        batch_size: maximum number of codes per batch.
        seed: seed of the order.
    """

    def __init__(self, codes: np.ndarray, batch_size: int, seed: int) -> None:
        self.codes, self.batch_size, self.seed = codes, batch_size, seed

    @property
    def n_rows(self) -> int:
        """See Batches."""
        return len(self.codes)

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """See Batches."""
        return shuffled_batches(len(self.codes), self.batch_size, seed=self.seed, epoch=epoch)

    def collate(self, rows: np.ndarray) -> dict[str, Tensor]:
        """See Batches."""
        return {"x": torch.from_numpy(self.codes[rows])}
