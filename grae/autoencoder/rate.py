"""The weight of L_Z, adapted to a target rate: the information that a noisy code carries, in nats."""

import math

import torch
from torch import Tensor, nn

from grae.autoencoder.discrepancy import of_all_processes

SPEED = 0.01
"""Maximum change of log beta per step, reached where rate and target differ by a factor of e or more."""
LARGEST = 1_000.0
"""Maximum factor by which beta is changed, and the inverse of the minimum."""


class RateTarget(nn.Module):
    """A weight beta of L_Z that holds the rate at a target.

    The rate is KL(q(z | x) || N(0, I)) of the noisy codes, averaged over the data: an upper bound on the information
    that a code has about its string. After each training step, log beta changes in proportion to the logarithm of the
    batch's rate over the target (as GECO changes the weight of a constraint; Rezende and Viola 2018, "Taming VAEs").
    In evaluation mode beta has its initial value, so that validation losses are comparable.

    Args:
        target: target rate, in nats.
        beta: initial weight.
    """

    log_factor: Tensor

    def __init__(self, target: float, beta: float) -> None:
        super().__init__()
        self.target, self.beta = target, beta
        self.register_buffer("log_factor", torch.zeros(()))

    def forward(self, rate: Tensor) -> Tensor:
        """The weight of L_Z for a batch, a scalar.

        Args:
            rate: rate of the batch, a scalar, in nats.
        """
        if not self.training:
            return torch.full_like(self.log_factor, self.beta)
        weight = self.beta * self.log_factor.exp()
        with torch.no_grad():
            excess = (of_all_processes(rate.detach().reshape(1)).mean() / self.target).clamp_min(1e-6).log()
            bound = math.log(LARGEST)
            self.log_factor.copy_((self.log_factor + SPEED * excess.clamp(-1, 1)).clamp(-bound, bound))
        return weight
