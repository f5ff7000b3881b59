"""The config.json of a run on images, validated before use; does not import torch."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from grae.errors import RunError, SettingsError
from grae.estimator import configuration
from grae.estimator.configuration import RunKind
from grae.images.settings import Settings
from grae.paths import IMAGE_RUNS
from grae.training.run_folder import RunFolder


class Configuration(BaseModel):
    """Schema of the file; `Settings` validates its settings, `configuration.checked_parameters` its parameters."""

    model_config = ConfigDict(strict=True)

    settings: dict[str, Any]
    parameters: dict[str, Any]
    data: dict[str, Any]


IMAGES = RunKind(
    "grae image run 1",
    "a run of images",
    "grae images train",
    IMAGE_RUNS,
    ("grae", "torch", "numpy", "scikit-learn", "pillow"),
    ("progress",),
    Configuration,
)


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json. Raises RunError: missing, truncated, of another format, or a value has the wrong type."""
    return configuration.read_config(IMAGES, folder)


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or of another format."""
    return configuration.read_settings(IMAGES, folder, Settings)


def check_sampling(folder: RunFolder, density: str | None) -> None:
    """Checks that a run can be sampled from a density, without importing torch.

    Args:
        folder: run folder.
        density: name of the density; None for the run's default.

    Raises:
        RunError: the run's configuration or its densities are missing or damaged.
        SettingsError: the density is unknown or not fitted.
    """
    read_settings(folder)
    if density is None:
        return
    from grae.density.densities import DENSITIES
    from grae.density.storage import load_densities

    DENSITIES.check(density)
    fitted = load_densities(folder / folder.DENSITY)
    if density not in fitted:
        raise SettingsError(
            f"no density {density!r} is fitted; there are: {', '.join(fitted) or 'none'}",
            remedy=f"give one of these, or train with --density {density}",
        )


def data_name(folder: RunFolder) -> str:
    """The data set that a run was trained on: its name, or the path of a folder or archive.

    Raises:
        RunError: the run does not name it.
    """
    about = read_config(folder)["data"]
    if not isinstance(about.get("name"), str):
        raise RunError(
            f"{folder.path} does not say which images it was trained on", remedy="train with `grae images train`"
        )
    return about["name"]
