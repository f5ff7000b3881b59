"""A network put to use as a feature extractor, with the name that distances in its features carry."""

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
        at_once: images that it sees together.
        identity: what its features depend on besides the images, where it is worth keeping them; else None.
    """

    name: str
    network: nn.Module
    device: torch.device
    at_once: int = AT_ONCE
    identity: str | None = None

    @property
    def label(self) -> str:
        """What a distance in its features is called: "FID" of the Inception network alone, else "FD(name)".

        "FID" is that of the papers; where images are scaled in another way, that is named: "FID(pytorch)".
        """
        return "FID" + self.name.removeprefix(INCEPTION) if self.is_inception else f"FD({self.name})"

    @property
    def is_inception(self) -> bool:
        """Whether distances in its features are inception distances."""
        return self.name.startswith(INCEPTION)

    def features(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The features of batches of images, (B, H, W, C) uint8 each, of any size: parts (b, F) float32, in order.

        Raises:
            DataError: images that it is not for.
        """
        network = self.network.to(self.device).eval()
        for batch in images:
            for start in range(0, len(batch), self.at_once):
                with torch.inference_mode():
                    x = as_tensor(batch[start : start + self.at_once]).to(self.device).float() / 255
                    found: Tensor = network.features(x)  # pyright: ignore[reportCallIssue]
                    part = found.float().cpu().numpy()
                yield part

    def moments(self, images: Iterable[np.ndarray]) -> Moments:
        """Mean and covariance of the features of batches of images; see `features`."""
        moments_of = Moments()
        for part in self.features(images):
            moments_of.add(part)
        return moments_of
