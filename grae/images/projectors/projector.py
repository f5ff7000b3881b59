"""Projectors: feature extractors, with the name of distances in their features."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from grae.frechet import Moments
from grae.images.batches import AT_ONCE, as_tensor

INCEPTION = "Inception"


class Features(Protocol):
    """The interface of a projector's network."""

    def features(self, x: Tensor) -> Tensor:
        """Features (B, F) of images (B, C, H, W), float32 in 0..1. Raises DataError: unsupported images."""
        ...


@dataclass(frozen=True, eq=False)
class Projector:
    """A feature extractor.

    Attributes:
        name: name used in the label of distances.
        network: an `nn.Module` that implements `Features`.
        device: device to compute on.
        at_once: images per batch.
        identity: everything that its features depend on besides the images, for caching; None for no caching.
    """

    name: str
    network: nn.Module
    device: torch.device
    at_once: int = AT_ONCE
    identity: str | None = None

    @property
    def label(self) -> str:
        """The label of distances in its features: "FID" for the Inception network, "FD(name)" for others.

        A scaling other than that of the papers is part of the label, as in "FID(pytorch)".
        """
        return "FID" + self.name.removeprefix(INCEPTION) if self.is_inception else f"FD({self.name})"

    @property
    def is_inception(self) -> bool:
        """Whether it is the Inception network."""
        return self.name.startswith(INCEPTION)

    def features(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The features of batches of images, (B, H, W, C) uint8 each, in order: batches (b, F) float32.

        Raises:
            DataError: unsupported images.
        """
        network = self.network.to(self.device).eval()
        for batch in images:
            for start in range(0, len(batch), self.at_once):
                with torch.inference_mode():
                    x = as_tensor(batch[start : start + self.at_once]).to(self.device).float() / 255
                    features: Tensor = network.features(x)  # pyright: ignore[reportCallIssue]
                    part = features.float().cpu().numpy()
                yield part

    def moments(self, images: Iterable[np.ndarray]) -> Moments:
        """Mean and covariance of the features of batches of images; see `features`."""
        moments_of = Moments()
        for part in self.features(images):
            moments_of.add(part)
        return moments_of
