"""A trained model of images as the folder of a run, and back: what `grae.estimator.saved` does, of this kind."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from grae.estimator import configuration, saved
from grae.estimator.base import LatentEstimator
from grae.images.build import build
from grae.images.configuration import IMAGES, read_config, read_settings
from grae.images.settings import Settings
from grae.training.run_folder import RunFolder
from grae.training.settings import Device

E = TypeVar("E", bound=LatentEstimator)


def begin(folder: RunFolder, estimator: LatentEstimator) -> None:
    """Writes what is known before training: settings and split. That is enough to resume."""
    saved.begin(IMAGES, folder, estimator)


def write(folder: RunFolder, estimator: LatentEstimator) -> None:
    """Writes a fitted estimator: what `begin` writes, the densities, the metrics, and the weights last."""
    begin(folder, estimator)
    saved.write(IMAGES, folder, estimator)


def read(kind: type[E], folder: RunFolder, device: Device) -> E:
    """The estimator of a finished run. Raises RunError."""
    settings = read_settings(folder)
    estimator = kind(
        **{**configuration.checked_parameters(IMAGES, folder, read_config(folder), kind), "device": device}
    )
    estimator.settings_ = settings
    saved.restore(IMAGES, folder, estimator, saved.unseeded(build, settings.architecture, settings.objective))
    return estimator


def check_same(folder: RunFolder, settings: Settings, about: Mapping[str, Any]) -> None:
    """Makes sure that a run is resumed with its original settings and images. Raises RunError."""
    saved.check_same(IMAGES, folder, settings, about)


def checksum(images: np.ndarray) -> str:
    """sha256 of images: their shape and their pixels."""
    return saved.checksum([images], repr(images.shape))
