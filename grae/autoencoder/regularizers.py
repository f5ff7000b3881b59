"""Terms that smooth a decoder (L_REG)."""

from typing import Protocol

import torch
from torch import Tensor, nn


class Regularizer(Protocol):
    """What a decoder's smoothness costs, before the weight lambda."""

    def __call__(self, decoder: nn.Module, z: Tensor) -> Tensor:
        """The scalar L_REG of a decoder at codes `z` (B, D)."""
        ...


def none(decoder: nn.Module, z: Tensor) -> Tensor:
    """No regularizer: 0."""
    return z.new_zeros(())


def tikhonov(decoder: nn.Module, z: Tensor) -> Tensor:
    """||theta||^2 over the decoder's weight matrices and kernels; biases and gains are left free.

    Source: Ghosh et al. 2020, section 3.2 (RAE-L2).
    """
    squares = [weight.float().square().sum() for weight in decoder.parameters() if weight.ndim > 1]
    return torch.stack(squares).sum()


REGULARIZERS: dict[str, Regularizer] = {"none": none, "tikhonov": tikhonov}
