"""The paper's image experiments: models of images, data sets, and Frechet distances between sets of images.

Its names are imported on first use, so that a command's arguments can be validated without torch.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.frechet import Moments, frechet_distance
    from grae.images.data import ImageSet, load_images
    from grae.images.estimator import ImageAutoencoder, load

__all__ = ["ImageAutoencoder", "ImageSet", "Moments", "frechet_distance", "load", "load_images"]

_HOMES = {
    "ImageAutoencoder": "grae.images.estimator",
    "ImageSet": "grae.images.data",
    "Moments": "grae.frechet",
    "frechet_distance": "grae.frechet",
    "load": "grae.images.estimator",
    "load_images": "grae.images.data",
}

__getattr__ = lazy_getattr(__name__, _HOMES)
