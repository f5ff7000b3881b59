"""Batches of images for the training loop, and batched inference."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from grae.autoencoder import Autoencoder, once
from grae.training.batches import shuffled_batches

AT_ONCE = 256  # images per batch


class ImageBatches:
    """Rows of a set of images in shuffled batches.

    Args:
        images: (n, H, W, C) uint8, in memory or memory-mapped.
        rows: the rows to use, (k,) int64.
        labels: (n,) int64, added to batches as "labels"; None for none.
        batch_size: maximum number of images per batch.
        seed: seed of the order.
    """

    def __init__(
        self, images: np.ndarray, rows: np.ndarray, *, batch_size: int, seed: int, labels: np.ndarray | None = None
    ) -> None:
        self.images, self.rows, self.labels = images, rows, labels
        self.batch_size, self.seed = batch_size, seed

    @property
    def n_rows(self) -> int:
        """Images per epoch."""
        return len(self.rows)

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The rows of each batch of an epoch."""
        return [
            self.rows[batch] for batch in shuffled_batches(self.n_rows, self.batch_size, seed=self.seed, epoch=epoch)
        ]

    def in_order(self) -> list[np.ndarray]:
        """The rows in order, in batches of nearly equal size."""
        return np.array_split(self.rows, max(1, -(-self.n_rows // AT_ONCE)))

    def collate(self, rows: np.ndarray) -> dict[str, Tensor]:
        """A batch: "images", (B, C, H, W) uint8, channels-last in memory; "labels", (B,) long, if any."""
        batch = {"images": as_tensor(self.images[rows])}
        return batch if self.labels is None else batch | {"labels": torch.from_numpy(self.labels[rows])}


def as_tensor(images: np.ndarray) -> Tensor:
    """Images (B, H, W, C) as a tensor (B, C, H, W) that is channels-last in memory."""
    return torch.from_numpy(np.require(images, requirements=["C", "W"])).permute(0, 3, 1, 2)


def encode_images(network: Autoencoder, images: np.ndarray, *, device: torch.device) -> np.ndarray:
    """The codes of images (n, H, W, C) uint8: (n, D) float32."""
    codes = np.empty((len(images), network.bottleneck.latent_dim), np.float32)
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(images), AT_ONCE):
            batch = {"images": as_tensor(images[start : start + AT_ONCE]).to(device)}
            codes[start : start + AT_ONCE] = network.encode(batch).float().cpu().numpy()
    return codes


def decode_codes(network: Autoencoder, codes: np.ndarray, *, device: torch.device) -> Iterator[np.ndarray]:
    """The images of codes (n, D) float32, batch by batch: (B, H, W, C) uint8, rounded to the nearest level."""
    network.eval()
    for start in range(0, len(codes), AT_ONCE):
        z = torch.from_numpy(np.ascontiguousarray(codes[start : start + AT_ONCE])).to(device)
        with torch.inference_mode(), once(network.decoder):
            output = network.decoder(z, {})  # B C H W
            yield (255 * output).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
