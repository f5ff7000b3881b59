"""The paper's image experiments: the models of images, their data, and Frechet distances between sets of images."""

from grae.images.data import ImageSet, load_images
from grae.images.estimator import ImageAutoencoder, load
from grae.images.frechet import Moments, frechet_distance

__all__ = ["ImageAutoencoder", "ImageSet", "Moments", "frechet_distance", "load", "load_images"]
