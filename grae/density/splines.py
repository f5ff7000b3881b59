"""The network of the flow, zuko's neural spline flow, with numpy arrays in and out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from zuko.flows import NSF

from grae.density.held_out import CodeBatches, held_out_of
from grae.training.batches import mean_losses
from grae.training.loop import train
from grae.training.settings import TrainingSettings

VALIDATION_BATCH = 4096


class Splines(nn.Module):
    """Coupling layers of monotonic rational-quadratic splines, initialized to the identity.

    Args:
        dim: dimensions of the codes, D.
        transforms: number of coupling layers.
        hidden: width of their two hidden layers.
        bins: bins of each spline.
        seed: seed of initial weights and permutations.
    """

    def __init__(self, dim: int, *, transforms: int, hidden: int, bins: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.flow = NSF(
                dim,
                bins=bins,
                transforms=transforms,
                randperm=True,
                passes=min(2, dim),  # two passes make coupling layers; a single dimension needs none
                hidden_features=(hidden, hidden),
            )
        with torch.no_grad():
            for transform in self.flow.transform.transforms:  # pyright: ignore[reportGeneralTypeIssues, reportArgumentType]
                parameters: Any = transform
                last = list(parameters.parameters())[-2:] if dim > 1 else list(parameters.parameters())
                for weight in last:  # the layers whose outputs are the knots
                    weight.zero_()

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The loss on codes {"x": (B, D)}: the negative mean log density, in nats."""
        return {"loss": -self.flow().log_prob(batch["x"]).mean()}

    def fit(
        self, codes: np.ndarray, *, epochs: int, max_steps: int, batch_size: int, learning_rate: float, seed: int
    ) -> dict[str, Any]:
        """Trains on whitened codes (n, D) float32; returns a record of the training. Arguments as in `SplineFlow`."""
        rows, held_out = held_out_of(codes, seed)
        steps_a_pass = -(-len(rows) // batch_size)
        settings = TrainingSettings(
            epochs=max(1, min(epochs, max_steps // steps_a_pass)),
            batch_size=batch_size,
            learning_rate=learning_rate,
            schedule="cosine",
            precision="fp32",
            seed=seed,
            device="cpu",
        )
        parts = np.array_split(np.arange(len(held_out)), -(-len(held_out) // VALIDATION_BATCH))
        validate = mean_losses(parts, CodeBatches(held_out, VALIDATION_BATCH, seed).collate)
        result = train(self, CodeBatches(rows, batch_size, seed), settings, validate=validate)
        self.requires_grad_(False).eval()
        best = {"steps": result.steps, "best_step": result.best_step, "loss": result.best["loss"]}
        return {"rows": len(codes), **best}

    @torch.inference_mode()
    def from_noise(self, noise: np.ndarray) -> np.ndarray:
        """Maps draws from N(0, I), (n, D), to whitened codes (n, D) float64."""
        return self.flow().transform.inv(torch.from_numpy(noise.astype(np.float32))).numpy().astype(np.float64)

    @torch.inference_mode()
    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """The log density of whitened codes (n, D): (n,) float64, in nats."""
        return self.flow().log_prob(torch.from_numpy(x.astype(np.float32))).numpy().astype(np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by name."""
        return {name: tensor.numpy() for name, tensor in self.flow.state_dict().items()}

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Loads weights. Raises ValueError: one is missing, of the wrong shape, or not finite."""
        expected = self.arrays()
        if arrays.keys() != expected.keys():
            raise ValueError(f"expected the arrays {', '.join(expected)}, found {', '.join(arrays) or 'none'}")
        for name, array in expected.items():
            loaded = arrays[name]
            if loaded.shape != array.shape or loaded.dtype != array.dtype:
                raise ValueError(f"{name} has shape {loaded.shape} and type {loaded.dtype}")
            if not np.isfinite(loaded).all():
                raise ValueError(f"{name} holds a value that is NaN or infinite")
        self.flow.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
        self.requires_grad_(False).eval()
