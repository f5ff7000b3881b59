"""The weight of L_Z, led by the rate: the nats that the noise leaves in a code."""

import math

import torch
from torch import Tensor, nn

from grae.autoencoder.discrepancy import of_all_processes

SPEED = 0.01
"""Change of log beta in a step, where the rate is e times its target or more."""
LARGEST = 1_000.0
"""Largest change of beta, as a factor."""


class RateTarget(nn.Module):
    """beta L_Z with a beta that holds the rate at a target.

    The rate is KL(q(z | x) || N(0, I)) of the noisy codes, averaged over the data: an upper bound on the information
    that a code has about its string. After each training step, log beta changes in proportion to the logarithm of the
    batch's rate over the target (as GECO changes the weight of a constraint; Rezende and Viola 2018, "Taming VAEs").
    In evaluation mode beta is the initial one, so that validation losses are comparable.

    Args:
        target: of the rate, in nats.
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
            rate: of the batch, a scalar, in nats.
        """
        if not self.training:
            return torch.full_like(self.log_factor, self.beta)
        weight = self.beta * self.log_factor.exp()
        with torch.no_grad():
            excess = (of_all_processes(rate.detach().reshape(1)).mean() / self.target).clamp_min(1e-6).log()
            bound = math.log(LARGEST)
            self.log_factor.copy_((self.log_factor + SPEED * excess.clamp(-1, 1)).clamp(-bound, bound))
        return weight
