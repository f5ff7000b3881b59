"""Bottlenecks map the encoder's features to latent codes and compute the penalty on the codes (L_Z).

Noise is drawn in training mode only; in evaluation mode the code is that of `encode`, so that validation measures the
reconstruction that decoding yields. Noise and penalty are computed in float32.

The recipes for grammars and images reduce L_Z over the D dimensions differently, so the reduction is a setting: "sum"
or "mean". Over the batch it is always the mean.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from grae.autoencoder.discrepancy import SCALES, mean_discrepancy, of_all_processes
from grae.autoencoder.models import Reduction
from grae.errors import SettingsError


class Code(NamedTuple):
    """Output of a bottleneck for a batch.

    Attributes:
        z: (B, D) codes, the decoder's input.
        penalty: scalar, L_Z before its weight beta.
        rate: scalar, KL(q(z | x) || N(0, I)) of the noisy codes, in nats; None without noise.
    """

    z: Tensor
    penalty: Tensor
    rate: Tensor | None = None


class Bottleneck(nn.Module, ABC):
    """Features (B, F) -> codes (B, D) and L_Z. Subclasses implement `encode`, which adds no noise, and `forward`."""

    def __init__(self, n_features: int, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.to_code = nn.Linear(n_features, latent_dim)

    def encode(self, features: Tensor) -> Tensor:
        """Codes without noise, (B, D)."""
        return self.to_code(features)

    @abstractmethod
    def forward(self, features: Tensor) -> Code:
        """The decoder's input codes, and L_Z."""


class Deterministic(Bottleneck):
    """The code is the encoder's output, L_Z its squared norm (Ghosh et al. 2020, section 3.1).

    Args:
        n_features: F.
        latent_dim: D.
        reduction: "sum" for 1/2 of the sum of z^2 over the dimensions, as in the paper; "mean" for the mean of z^2 over
            them, as in its image experiments.
    """

    def __init__(self, n_features: int, latent_dim: int, *, reduction: Reduction = "sum") -> None:
        super().__init__(n_features, latent_dim)
        self.reduction: Reduction = reduction

    def forward(self, features: Tensor) -> Code:
        """See the class."""
        z = self.encode(features)  # B D
        return Code(z, self._penalty(z))

    def _penalty(self, z: Tensor) -> Tensor:
        squares = z.float().square()
        return 0.5 * squares.sum(dim=-1).mean() if self.reduction == "sum" else squares.mean()


class Noisy(Deterministic):
    """A deterministic code plus Gaussian noise in training; L_Z is that of the code without noise.

    Not in the paper, whose deterministic autoencoders inject no noise. The noise has the same standard deviation for
    all codes, and L_Z does not spread the codes over a ball, as the constant-variance KL term would.

    Args:
        n_features: F.
        latent_dim: D.
        noise: standard deviation of the noise in each dimension, in units of z.
        reduction: as in `Deterministic`.

    Raises:
        SettingsError: `noise` is negative.
    """

    def __init__(self, n_features: int, latent_dim: int, *, noise: float, reduction: Reduction = "sum") -> None:
        super().__init__(n_features, latent_dim, reduction=reduction)
        self.noise = _checked("noise", noise, least=0.0)

    def forward(self, features: Tensor) -> Code:
        """See the class."""
        z = self.encode(features)  # B D
        noisy = z + self.noise * torch.randn_like(z) if self.training else z
        return Code(noisy, self._penalty(z), _rate(z, self.noise))


class Gaussian(Bottleneck):
    """z = mean + noise * sigma * N(0, I), and L_Z = KL(N(mean, diag sigma^2) || N(0, I)) in nats.

    Source: Kingma and Welling 2014, appendix B. The grammar variational autoencoder (Kusner et al. 2017) uses noise
    0.01 and the mean over the dimensions; with a noise other than 1, the codes are not distributed as the KL term
    assumes.

    Args:
        n_features: F.
        latent_dim: D.
        noise: scale of the noise, epsilon.
        reduction: "sum" for the KL divergence, "mean" for its mean over the dimensions.
        log_sigma_bound: b in log sigma = b tanh(layer), 5 in the paper's image experiments; None for log sigma^2 =
            layer.

    Raises:
        SettingsError: `noise` is negative, or the bound is not positive.
    """

    def __init__(
        self,
        n_features: int,
        latent_dim: int,
        *,
        noise: float = 1.0,
        reduction: Reduction = "sum",
        log_sigma_bound: float | None = None,
    ) -> None:
        super().__init__(n_features, latent_dim)
        self.noise = _checked("noise", noise, least=0.0)
        self.reduction: Reduction = reduction
        self.log_sigma_bound = None if log_sigma_bound is None else _checked("log_sigma_bound", log_sigma_bound)
        self.to_scale = nn.Linear(n_features, latent_dim)

    def forward(self, features: Tensor) -> Code:
        """See the class."""
        mean, log_sigma = self.posterior(features)  # B D
        z = mean + self.noise * log_sigma.exp() * torch.randn_like(mean) if self.training else mean
        return Code(z, _kl(mean, log_sigma, self.reduction), _rate(mean, self.noise, log_sigma))

    def posterior(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log sigma of q(z | x) for each row, (B, D) float32 each."""
        raw = self.to_scale(features).float()
        bound = self.log_sigma_bound
        return self.encode(features).float(), raw / 2 if bound is None else bound * torch.tanh(raw)


class ConstantVariance(Bottleneck):
    """z = mean + sigma N(0, I) with one sigma for all codes, and L_Z = KL(N(mean, sigma^2 I) || N(0, I)) in nats.

    The divergence is 1/2 (||mean||^2 + D (sigma^2 - 1 - 2 log sigma)); only the first term depends on the weights.
    Source: Ghosh et al. 2020, section 3 (CV-VAE).

    Args:
        n_features: F.
        latent_dim: D.
        noise: sigma.
        reduction: "sum" for the KL divergence, "mean" for its mean over the dimensions.

    Raises:
        SettingsError: `noise` is not positive.
    """

    def __init__(self, n_features: int, latent_dim: int, *, noise: float, reduction: Reduction = "sum") -> None:
        super().__init__(n_features, latent_dim)
        self.noise = _checked("noise", noise)
        self.reduction: Reduction = reduction

    def forward(self, features: Tensor) -> Code:
        """See the class."""
        mean = self.encode(features).float()  # B D
        z = mean + self.noise * torch.randn_like(mean) if self.training else mean
        log_sigma = torch.full_like(mean, math.log(self.noise))
        return Code(z, _kl(mean, log_sigma, self.reduction), _rate(mean, self.noise))


class Wasserstein(Bottleneck):
    """The code is the encoder's output, L_Z the maximum mean discrepancy between the codes of a batch and N(0, I).

    The unbiased estimator, with as many draws from N(0, I) as codes in the batch, can be negative. In distributed
    training the batch is that of all processes. Source: Tolstikhin et al. 2018 (WAE-MMD, algorithm 2).

    Args:
        n_features: F.
        latent_dim: D.
        scales: scales of the inverse multiquadratic kernels; see `mean_discrepancy`.
    """

    def __init__(self, n_features: int, latent_dim: int, *, scales: Sequence[float] = SCALES) -> None:
        super().__init__(n_features, latent_dim)
        self.scales = tuple(scales)

    def forward(self, features: Tensor) -> Code:
        """See the class. Raises SettingsError if the batch holds a single code."""
        z = self.encode(features)  # B D
        codes, prior = z.float(), torch.randn_like(z, dtype=torch.float32)
        if self.training:  # validation shows each process all rows
            codes, prior = of_all_processes(codes), of_all_processes(prior)
        return Code(z, mean_discrepancy(codes, prior, self.scales))


def _kl(mean: Tensor, log_sigma: Tensor, reduction: Reduction) -> Tensor:
    """KL(N(mean, diag sigma^2) || N(0, I)) of rows (B, D): mean over the batch, sum or mean over the dimensions."""
    each = 0.5 * (mean.square() + (2 * log_sigma).exp() - 1) - log_sigma  # B D
    return each.sum(dim=-1).mean() if reduction == "sum" else each.mean()


def _rate(mean: Tensor, noise: float, log_sigma: Tensor | float = 0.0) -> Tensor | None:
    """KL(N(mean, diag (noise sigma)^2) || N(0, I)) of rows (B, D), mean over the batch; None without noise."""
    if not noise:
        return None
    mean = mean.float()
    return _kl(mean, torch.zeros_like(mean) + log_sigma + math.log(noise), "sum")


def _checked(name: str, value: float, least: float | None = None) -> float:
    """The value, if it is at least `least`, or positive if `least` is None. Raises SettingsError."""
    if not (value > 0 if least is None else value >= least):
        expected = "positive" if least is None else f"at least {least:g}"
        raise SettingsError(f"the bottleneck's {name} is {value}; expected a number that is {expected}")
    return value


BOTTLENECKS: dict[str, type[Bottleneck]] = {
    "deterministic": Deterministic,
    "noisy": Noisy,
    "gaussian": Gaussian,
    "constant-variance": ConstantVariance,
    "wasserstein": Wasserstein,
}
