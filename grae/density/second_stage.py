"""Training the second autoencoder of the two-stage density: the first's parts, over codes instead of strings."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grae.autoencoder import Autoencoder, Gaussian, Regularizer
from grae.density.held_out import CodeBatches, held_out_of
from grae.density.two_stage import LOG_SIGMA_BOUND
from grae.training.loop import train
from grae.training.settings import TrainingSettings

FIRST_GAMMA = 0.1  # from 1 on, the standard deviation of the codes, q would fall back to the prior at once and stay
LEAST_LOG_GAMMA = -7.0


def train_second_stage(
    codes: np.ndarray,
    *,
    width: int,
    epochs: int,
    max_steps: int | None,
    batch_size: int,
    learning_rate: float,
    schedule: Any,
    gamma: float | None,
    seed: int,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Trains it.

    Args:
        codes: (n, D) float32, standardized.
        width: as all that follows, see `TwoStage`.
        epochs: at most.
        max_steps: at most, as whole epochs.
        batch_size: codes a step.
        learning_rate: the highest of the schedule.
        schedule: of the learning rate.
        gamma: fixed, or None to learn it.
        seed: of the weights, the order of the codes and what is drawn.

    Returns:
        The weights by the names of `two_stage.LAYERS`, float32, and what there is to record.
    """
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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(codes.shape[1], width, gamma)
    result = train(
        network,
        CodeBatches(rows, batch_size, seed),
        settings,
        validate=_mean_loss(held_out),
    )
    about = {
        "rows": len(codes),
        "width": width,
        "steps": result.steps,
        "best_step": result.best_step,
        "loss": result.best["loss"],
    }
    return _weights(network), about


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
    """-log N(x; mean, gamma^2 I) without its constant, summed over the dimensions, mean over the batch, in nats.

    Args:
        gamma: fixed; None to learn it, from `FIRST_GAMMA` on.
    """

    def __init__(self, gamma: float | None) -> None:
        super().__init__()
        self.log_gamma = nn.Parameter(torch.tensor(gamma or FIRST_GAMMA).log(), requires_grad=gamma is None)

    def forward(self, mean: Tensor, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See the class."""
        error = (mean - batch["x"]).square().sum(dim=1).mean()
        log_gamma = self.log_gamma.clamp(min=LEAST_LOG_GAMMA)
        return {"reconstruction": 0.5 * error * (-2 * log_gamma).exp() + mean.shape[1] * log_gamma}


def _network(dim: int, width: int, gamma: float | None) -> Autoencoder:
    return Autoencoder(
        _Encoder(nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
        Gaussian(width, dim, log_sigma_bound=LOG_SIGMA_BOUND),
        _Decoder(nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dim)),
        _NegativeLogLikelihood(gamma),
        Regularizer(),
        beta=1.0,
        lambda_=0.0,
    )


def _mean_loss(codes: np.ndarray) -> Any:
    """A validation on codes (n, D), with a draw from q, which the bottleneck makes in training mode alone."""

    def validate(network: nn.Module) -> dict[str, float]:
        network.train()
        return {name: float(value) for name, value in network({"x": torch.from_numpy(codes)}).items()}

    return validate


def _weights(network: Autoencoder) -> dict[str, np.ndarray]:
    bottleneck: Any = network.bottleneck
    parts = {"mean": bottleneck.to_code, "scale": bottleneck.to_scale}
    named = {f"encoder.{name}": tensor for name, tensor in network.encoder.state_dict().items()}
    for part, layer in parts.items():
        named |= {f"{part}.{name}": tensor for name, tensor in layer.state_dict().items()}
    named |= {f"decoder.{name}": tensor for name, tensor in network.decoder.state_dict().items()}
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in named.items()}
