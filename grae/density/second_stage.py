"""The network of the two-stage density: an autoencoder of codes, with numpy arrays in and out."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grae.autoencoder import Autoencoder, Gaussian, Regularizer
from grae.density.held_out import CodeBatches, held_out_of
from grae.training.loop import train
from grae.training.settings import TrainingSettings

AT_ONCE = 16_384  # rows per batch
FIRST_GAMMA = 0.1  # starting at 1, the standard deviation of the codes, q would collapse to the prior
LEAST_LOG_GAMMA = -7.0
LOG_SIGMA_BOUND = 5.0  # log sigma = bound * tanh(layer), so that it stays finite far from the codes


class SecondStage:
    """An autoencoder of standardized codes, with two hidden layers of ReLUs on each side.

    Args:
        dim: dimensions of codes and latents, D.
        width: width of the hidden layers.
        gamma: standard deviation of p(z | u), in the loss; None to learn it with the weights.
        seed: seed of the initial weights.
    """

    def __init__(self, dim: int, *, width: int, gamma: float | None = None, seed: int = 0) -> None:
        self.width = width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder = _Encoder(nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
            bottleneck = Gaussian(width, dim, log_sigma_bound=LOG_SIGMA_BOUND)
            decoder = _Decoder(
                nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dim)
            )
        loss = _NegativeLogLikelihood(gamma)
        self.network = Autoencoder(encoder, bottleneck, decoder, loss, Regularizer(), beta=1.0, lambda_=0.0).eval()
        self._parts: dict[str, nn.Module] = {
            "encoder": encoder,
            "mean": bottleneck.to_code,
            "scale": bottleneck.to_scale,
            "decoder": decoder,
        }

    def fit(
        self,
        codes: np.ndarray,
        *,
        epochs: int,
        max_steps: int | None,
        batch_size: int,
        learning_rate: float,
        schedule: Any,
        seed: int,
    ) -> dict[str, Any]:
        """Trains on standardized codes (n, D) float32; returns a record of the training. Arguments as in `TwoStage`."""
        rows, held_out = held_out_of(codes, seed)
        steps_an_epoch = -(-len(rows) // batch_size)
        settings = TrainingSettings(
            epochs=epochs if max_steps is None else max(1, min(epochs, max_steps // steps_an_epoch)),
            batch_size=batch_size,
            learning_rate=learning_rate,
            schedule=schedule,
            clip_norm=None,
            precision="fp32",
            seed=seed,
            device="cpu",
        )
        batches = CodeBatches(rows, batch_size, seed)
        result = train(self.network, batches, settings, validate=_mean_loss(held_out))
        about = {"steps": result.steps, "best_step": result.best_step, "loss": result.best["loss"]}
        return {"rows": len(codes), "width": self.width, **about}

    @torch.no_grad()
    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log sigma of q(u | z) at standardized codes (n, D), (n, D) float64 each."""
        bottleneck: Any = self.network.bottleneck
        parts = [bottleneck.posterior(self.network.encoder({"x": chunk})) for chunk in _chunks(x)]
        mean, log_sigma = (torch.cat(chunk).double().numpy() for chunk in zip(*parts, strict=True))
        return mean, log_sigma

    @torch.no_grad()
    def decode(self, u: np.ndarray) -> np.ndarray:
        """The mean of p(z | u) in standardized units at (n, D), (n, D) float64."""
        return torch.cat([self.network.decoder(chunk, {}) for chunk in _chunks(u)]).double().numpy()

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights and biases by name, float32."""
        return {
            f"{part}.{name}": tensor.detach().cpu().numpy().copy()
            for part, module in self._parts.items()
            for name, tensor in module.state_dict().items()
        }

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Loads weights and biases from `arrays`."""
        for part, module in self._parts.items():
            own = {name.removeprefix(f"{part}."): a for name, a in arrays.items() if name.startswith(f"{part}.")}
            module.load_state_dict({name: torch.tensor(array) for name, array in own.items()})


class _Encoder(nn.Sequential):
    """Codes to features."""

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Features (B, width)."""
        return super().forward(batch["x"])


class _Decoder(nn.Sequential):
    """Latents to codes."""

    def forward(self, z: Tensor, batch: Mapping[str, Tensor]) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The mean of p(z | u), (B, D)."""
        return super().forward(z)


class _NegativeLogLikelihood(nn.Module):
    """-log N(x; mean, gamma^2 I) without its constant, in nats: sum over dimensions, mean over the batch.

    Args:
        gamma: fixed value; None to learn it, starting at `FIRST_GAMMA`.
    """

    def __init__(self, gamma: float | None) -> None:
        super().__init__()
        self.log_gamma = nn.Parameter(torch.tensor(gamma or FIRST_GAMMA).log(), requires_grad=gamma is None)

    def forward(self, mean: Tensor, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See the class."""
        error = (mean - batch["x"]).square().sum(dim=1).mean()
        log_gamma = self.log_gamma.clamp(min=LEAST_LOG_GAMMA)
        return {"reconstruction": 0.5 * error * (-2 * log_gamma).exp() + mean.shape[1] * log_gamma}


def _mean_loss(codes: np.ndarray) -> Any:
    """A validation function on codes (n, D), with a draw from q: the bottleneck samples in training mode only."""

    def validate(network: nn.Module) -> dict[str, float]:
        network.train()
        return {name: float(value) for name, value in network({"x": torch.from_numpy(codes)}).items()}

    return validate


def _chunks(rows: np.ndarray) -> Iterator[Tensor]:
    """Rows (n, D) in chunks, float32; at least one chunk."""
    for start in range(0, max(1, len(rows)), AT_ONCE):
        yield torch.from_numpy(np.asarray(rows[start : start + AT_ONCE], np.float32))
