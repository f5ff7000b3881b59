"""A tiny training for tests, with all that a resumed one has to bring back: dropout, running statistics, Adam."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from grae.training.batches import shuffled_batches


class Data:
    """Rows of noise, in shuffled batches."""

    def __init__(self, n_rows: int = 40, batch_size: int = 8, seed: int = 0) -> None:
        self.n_rows, self.batch_size, self.seed = n_rows, batch_size, seed
        self.x = np.random.default_rng(seed).normal(size=(n_rows, 6)).astype(np.float32)

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        return shuffled_batches(self.n_rows, self.batch_size, seed=self.seed, epoch=epoch)

    def collate(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.x[rows])


class Model(nn.Module):
    """An autoencoder of those rows."""

    def __init__(self, width: int = 8, dropout: float = 0.2, norm: bool = True) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            middle = nn.BatchNorm1d(width) if norm else nn.Identity()
            self.layers = nn.Sequential(
                nn.Linear(6, width), middle, nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, 6)
            )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        reconstruction = (self.layers(x).float() - x).square().mean()
        size = sum((p.square().sum() for p in self.layers[-1].parameters()), torch.zeros(()))
        return {"loss": reconstruction + 1e-3 * size, "reconstruction": reconstruction, "size": size}


def validation(data: Data):
    """The loss on all rows, and a number that draws on the random generator."""

    def validate(model: nn.Module) -> dict[str, float]:
        losses = model(data.collate(np.arange(data.n_rows)))
        return {"loss": losses["loss"].item(), "exact": torch.rand(()).item()}

    return validate
