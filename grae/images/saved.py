"""A trained model of images as the folder of a run, and back: what `grae.estimator.saved` does, of this kind."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from grae.estimator import configuration, saved
from grae.estimator.configuration import RunKind
from grae.images.build import build
from grae.images.settings import Settings
from grae.paths import IMAGE_RUNS
from grae.training.run_folder import RunFolder
from grae.training.settings import Device

if TYPE_CHECKING:
    from grae.images.estimator import ImageAutoencoder


class Configuration(BaseModel):
    """The file; its settings are checked by `Settings`, its parameters by `configuration.checked_parameters`."""

    model_config = ConfigDict(strict=True)

    settings: dict[str, Any]
    parameters: dict[str, Any]
    data: dict[str, Any]


IMAGES = RunKind(
    "grae image run 1",
    "grae images train",
    IMAGE_RUNS,
    ("grae", "torch", "numpy", "scikit-learn", "pillow"),
    ("progress",),
    Configuration,
)


def begin(folder: RunFolder, estimator: "ImageAutoencoder") -> None:
    """Writes what is known before training: settings and split. That is enough to resume."""
    saved.begin(IMAGES, folder, estimator)


def write(folder: RunFolder, estimator: "ImageAutoencoder") -> None:
    """Writes a fitted estimator: what `begin` writes, the densities, the metrics, and the weights last."""
    begin(folder, estimator)
    saved.write(IMAGES, folder, estimator)


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json, with its "data" and the "parameters" of its estimator. Raises RunError."""
    return configuration.read_config(IMAGES, folder)


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or foreign."""
    return configuration.read_settings(IMAGES, folder, Settings)


def read(kind: "type[ImageAutoencoder]", folder: RunFolder, device: Device) -> Any:
    """The estimator of a finished run. Raises RunError."""
    settings = read_settings(folder)
    estimator = kind(
        **{**configuration.checked_parameters(IMAGES, folder, read_config(folder), kind), "device": device}
    )
    estimator.settings_ = settings
    saved.restore(IMAGES, folder, estimator, saved.unseeded(build, settings.architecture, settings.objective))
    return estimator


def check_same(folder: RunFolder, settings: Settings, about: Mapping[str, Any]) -> None:
    """Makes sure that a run is resumed with the settings and the images it was begun with. Raises RunError."""
    saved.check_same(IMAGES, folder, settings, about)


def checksum(images: np.ndarray) -> str:
    """sha256 of images: their shape and their pixels."""
    return saved.checksum([images], repr(images.shape))
