"""A network put to use as a feature extractor, with the name that distances in its features carry."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from grae.images.batches import AT_ONCE, as_tensor
from grae.images.frechet import Moments

INCEPTION = "Inception"


class Features(Protocol):
    """What a projector's network does."""

    def features(self, x: Tensor) -> Tensor:
        """Features (B, F) of images (B, C, H, W), float32 from 0 to 1. Raises DataError for images it is not for."""
        ...


@dataclass(frozen=True, eq=False)
class Projector:
    """A feature extractor.

    Attributes:
        name: what distances in its features are called after.
        network: an `nn.Module` that does what `Features` says.
        device: where it computes.
    """

    name: str
    network: nn.Module
    device: torch.device

    @property
    def label(self) -> str:
        """What a distance in its features is called: "FID" of the Inception network alone, else "FD(name)"."""
        return "FID" if self.name == INCEPTION else f"FD({self.name})"

    def moments(self, images: Iterable[np.ndarray]) -> Moments:
        """Mean and covariance of the features of batches of images, (B, H, W, C) uint8 each, of any size.

        Raises:
            DataError: images that it is not for.
        """
        network, found = self.network.to(self.device).eval(), Moments()
        with torch.inference_mode():
            for batch in images:
                for start in range(0, len(batch), AT_ONCE):
                    x = as_tensor(batch[start : start + AT_ONCE]).to(self.device).float() / 255
                    features: Tensor = network.features(x)  # pyright: ignore[reportCallIssue]
                    found.add(features.double().cpu().numpy())
        return found
