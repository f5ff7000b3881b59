"""From an encoder's features to the latent code, with the penalty that keeps the codes in shape (L_Z)."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class Code(NamedTuple):
    """What a bottleneck makes of a batch.

    Attributes:
        z: (B, D) the codes that the decoder sees.
        penalty: scalar, L_Z before its weight beta.
    """

    z: Tensor
    penalty: Tensor


class Bottleneck(nn.Module, ABC):
    """Features (B, F) -> codes (B, D) and L_Z. A subclass says how; `encode` gives the code without noise."""

    def __init__(self, n_features: int, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.to_code = nn.Linear(n_features, latent_dim)

    def encode(self, features: Tensor) -> Tensor:
        """The code of each row without noise, (B, D)."""
        return self.to_code(features)

    @abstractmethod
    def forward(self, features: Tensor) -> Code:
        """The codes that the decoder sees, and L_Z."""


class Deterministic(Bottleneck):
    """The code is the encoder's output; L_Z = 1/2 mean ||z||^2 over the batch (Ghosh et al. 2020, section 3.1)."""

    def forward(self, features: Tensor) -> Code:
        """See the class."""
        z = self.encode(features)  # B D
        return Code(z, 0.5 * z.float().square().sum(dim=-1).mean())


BOTTLENECKS: dict[str, type[Bottleneck]] = {"deterministic": Deterministic}
