"""Saving and loading models of images: `grae.estimator.saved` for this kind of run."""

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
    """Writes what is known before training, and needed to resume: settings and split."""
    saved.begin(IMAGES, folder, estimator)


def write(folder: RunFolder, estimator: LatentEstimator) -> None:
    """Writes a fitted estimator: the output of `begin`, densities, metrics and, last, the weights."""
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
    """Checks that a run is resumed with its original settings and images. Raises RunError."""
    saved.check_same(IMAGES, folder, settings, about)


def checksum(images: np.ndarray) -> str:
    """SHA-256 of the shape and pixels of images."""
    return saved.checksum([images], repr(images.shape))
