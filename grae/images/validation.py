"""The validation set of images, and the validation function of their training."""

from collections.abc import Callable

from torch import nn

from grae.autoencoder import Autoencoder
from grae.datasets.split import Split
from grae.errors import DataError, SettingsError
from grae.images.batches import ImageBatches
from grae.images.statistics import MOST_IMAGES, estimate_statistics
from grae.training.batches import mean_losses, to_device

MOST_VALIDATION = 5000  # images
FEWEST_IMAGES = 4  # to train and validate on


def split_of_images(n: int, share: float, seed: int) -> Split:
    """The split of n images into training and validation rows.

    Args:
        n: number of images.
        share: share of the validation set, between 0 and 1.
        seed: seed of the split.

    Raises:
        SettingsError: the share is out of range.
        DataError: too few images.
    """
    if not 0 < share < 1:
        raise SettingsError(f"validation={share} is out of range", remedy="choose a share between 0 and 1")
    return Split.drawn(n, held_back(n, share), seed)


def held_back(n: int, share: float) -> int:
    """The number of validation images among n.

    Raises:
        DataError: too few images.
    """
    if n < FEWEST_IMAGES:
        images = "1 image is" if n == 1 else f"{n} images are"
        raise DataError(
            f"{images} too few to train and validate on",
            remedy=f"give {FEWEST_IMAGES} or more, besides those held back",
        )
    return min(MOST_VALIDATION, max(2, int(share * n)))


def validation_of(training: ImageBatches, validation: ImageBatches) -> Callable[[nn.Module], dict[str, float]]:
    """A validation function that first estimates batch normalization statistics on fixed training images."""
    means = mean_losses(validation.in_order(), validation.collate)
    chosen = training.batches(0)[: max(1, MOST_IMAGES // training.batch_size)]

    def validate(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, Autoencoder)  # built by `build`
        device = next(module.parameters()).device
        estimate_statistics(module, (to_device(training.collate(rows), device) for rows in chosen))
        return means(module)

    return validate
