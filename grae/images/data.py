"""Sets of images by name or path, divided into a training and a test part."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grae.datasets.images import fetch_images, image_entries
from grae.errors import DataError
from grae.images.census import Census
from grae.images.decoding import DECODERS, Part
from grae.images.image_files import Pictures, load
from grae.paths import exists

DEFAULT = "digits"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A set of images.

    Attributes:
        name: its name in the registry, or the absolute path of a folder or zip archive.
        train: the training part, from which `fit` takes a validation set.
        test: the test part.
        census: summary of the files of a folder or archive; None for a named set.
    """

    name: str
    train: Part
    test: Part
    census: Census | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height and width in pixels, and channels."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @property
    def recipe(self) -> str | None:
        """The name of its recipe; None for a folder or archive."""
        return self.name if self.name in image_entries() else None


def load_images(data: str | Path = DEFAULT, *, progress: Callable[[float], None] | None = None) -> ImageSet:
    """Loads a named set of images, downloading it if needed, or the images of a folder or zip archive.

    Args:
        data: a name in the registry, or a path.
        progress: called with the fraction done, 0 to 1, while files are downloaded or decoded.

    Raises:
        DataError: there is no such set or path, it cannot be downloaded, or it is damaged.
    """
    known = image_entries().get(str(data))
    if known is None:
        place = Path(data).expanduser()
        if not exists(place) and len(place.parts) == 1:
            raise DataError.unknown(
                "set of images", str(data), image_entries(), otherwise="give one of these names, or a folder or zip"
            )
        return ImageSet(str(place.absolute()), *load(Pictures(place), progress=progress))

    def of_download(come: int, total: int) -> None:
        if progress is not None:
            progress(come / max(1, total))

    _, paths = fetch_images(known.name, progress=of_download)
    if known.format == "faces":
        train, test, _ = load(Pictures(paths[0], faces=True), progress=progress)
        return ImageSet(known.name, train, test)
    return ImageSet(known.name, *DECODERS[known.format](paths))


def validate_images(images: np.ndarray) -> np.ndarray:
    """Validates images.

    Args:
        images: (n, H, W, C) uint8, C 1 or 3; or (n, H, W) for one channel.

    Returns:
        (n, H, W, C) uint8, n at least 1.

    Raises:
        DataError: wrong shape or dtype, or no images.
    """
    array = np.asanyarray(images)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.dtype != np.uint8 or array.shape[-1] not in (1, 3) or 0 in array.shape:
        raise DataError(
            f"images have shape {array.shape} and type {array.dtype}; expected (n, height, width, 1 or 3) and uint8",
            remedy="give pixels from 0 to 255, such as np.rint(255 * x).astype(np.uint8) of x from 0 to 1",
        )
    return array
