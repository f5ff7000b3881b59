"""A small classifier trained on a set's own training images, whose features are used for Frechet distances.

It predicts the labels or, without labels, by how many quarter turns an image was rotated (Gidaris et al. 2018). It is
not trained on test images.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from grae.datasets.split import Split
from grae.errors import DataError
from grae.images.batches import ImageBatches, as_tensor
from grae.images.decoding import Part
from grae.training.batches import mean_losses
from grae.training.loop import train
from grae.training.settings import Device, TrainingSettings

FILTERS = (32, 64, 64, 64)
QUARTERS = 4
BATCH = 128
STEPS, LEAST_EPOCHS, MOST_EPOCHS = 2000, 3, 50
RATE = 3e-3
HELD_BACK, MOST_HELD_BACK = 0.1, 5000


class Classifier(nn.Module):
    """Stages of two 3x3 convolutions and 2x2 pooling, global average pooling (64 features), and a linear layer.

    Args:
        side: height and width of the images in pixels, 8 or more.
        channels: number of channels of the images.
        n_classes: number of classes.
    """

    def __init__(self, side: int, channels: int, n_classes: int) -> None:
        super().__init__()
        self.side, self.channels, self.n_classes = side, channels, n_classes
        layers: list[nn.Module] = []
        for n_filters in FILTERS[: max(1, min(len(FILTERS), side.bit_length() - 2))]:
            for n_in in (channels, n_filters):
                layers += [nn.Conv2d(n_in, n_filters, 3, padding=1, bias=False), nn.BatchNorm2d(n_filters), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            channels = n_filters
        self.stages = nn.Sequential(*layers)
        self.last = nn.Linear(channels, n_classes)

    def features(self, x: Tensor) -> Tensor:
        """Features (B, F) of images (B, C, H, W) in 0..1. Raises DataError for images of another size."""
        if x.shape[1:] != (self.channels, self.side, self.side):
            shape = " x ".join(map(str, x.shape[1:]))
            raise DataError(
                f"the projector is for images of {self.channels} x {self.side} x {self.side} values, not {shape}",
                remedy="give a projector that was trained on images of that size",
            )
        return self.stages(2 * x - 1).mean(dim=(2, 3))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The loss and the accuracy on "images" (B, C, H, W) uint8 and "labels" (B,)."""
        logits = self.last(self.features(batch["images"].float() / 255)).float()
        right = (logits.argmax(dim=1) == batch["labels"]).float().mean()
        return {"loss": cross_entropy(logits, batch["labels"]), "accuracy": right}


class TurnedBatches(ImageBatches):
    """Each image in four rotations, labeled by rotation: row r is image r // 4, rotated by r % 4 quarter turns."""

    def __init__(self, images: np.ndarray, rows: np.ndarray, *, batch_size: int, seed: int) -> None:
        turned = (QUARTERS * rows[:, None] + np.arange(QUARTERS)).ravel()
        super().__init__(images, turned, batch_size=batch_size, seed=seed)

    def collate(self, rows: np.ndarray) -> dict[str, Tensor]:
        """See ImageBatches."""
        turns = rows % QUARTERS
        images = self.images[rows // QUARTERS]
        turned = np.stack([np.rot90(image, turn) for image, turn in zip(images, turns, strict=True)])
        return {"images": as_tensor(turned), "labels": torch.from_numpy(turns)}


def train_projector(
    part: Part, *, epochs: int | None = None, seed: int = 0, device: Device = "auto", progress: bool = False
) -> tuple[Classifier, dict[str, Any]]:
    """Trains a classifier on the training part of a set of images.

    Args:
        part: its training images, and labels if there are any.
        epochs: epochs; None for about 2,000 steps, at least 3 and at most 50 epochs.
        seed: seed of split, initial weights and batches.
        device: device to train on.
        progress: whether to show progress on standard error.

    Returns:
        The classifier; and its task ("classes" or "rotations"), the number of epochs, and its accuracy on the tenth of
        the images used as validation set.

    Raises:
        DataError: images of unsupported sizes, or too few.
    """
    images, labels = part
    if len(images) < 2 * BATCH or images.shape[1] != images.shape[2] or images.shape[1] < 8:
        raise DataError(
            f"images of shape {images.shape} cannot train a projector; expected {2 * BATCH} square ones or more, of 8 "
            "pixels a side or more",
            remedy="give a trained projector",
        )
    split = Split.drawn(len(images), min(MOST_HELD_BACK, int(HELD_BACK * len(images))), seed)
    data, validation = (_batches(part, rows, seed) for rows in (split.train, split.validation))
    if epochs is None:
        epochs = min(MOST_EPOCHS, max(LEAST_EPOCHS, -(-STEPS * BATCH // data.n_rows)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(images.shape[1], images.shape[3], QUARTERS if labels is None else int(labels.max()) + 1)
    settings = TrainingSettings(
        epochs=epochs, batch_size=BATCH, learning_rate=RATE, schedule="one-cycle", seed=seed, device=device
    )
    result = train(
        network,
        data,
        settings,
        validate=mean_losses(validation.in_order(), validation.collate),
        progress=progress,
        unit="images",
    )
    task = "rotations" if labels is None else "classes"
    return network, {"told_apart": task, "epochs": epochs, "accuracy": result.best["accuracy"]}


def _batches(part: Part, rows: np.ndarray, seed: int) -> ImageBatches:
    if part.labels is None:
        return TurnedBatches(part.images, rows, batch_size=BATCH, seed=seed)
    return ImageBatches(part.images, rows, labels=part.labels, batch_size=BATCH, seed=seed)
