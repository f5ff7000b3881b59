"""The file config.json of a run of images, checked before anything is read out of it; without torch."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from grae.errors import RunError, SettingsError
from grae.estimator import configuration
from grae.estimator.configuration import RunKind
from grae.images.settings import Settings
from grae.paths import IMAGE_RUNS
from grae.training.run_folder import RunFolder


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


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json, with its "data" and the "parameters" of its estimator. Raises RunError."""
    return configuration.read_config(IMAGES, folder)


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or foreign."""
    return configuration.read_settings(IMAGES, folder, Settings)


def check_sampling(folder: RunFolder, density: str | None) -> None:
    """Makes sure that a run can be sampled from a density, without torch, which takes seconds to load.

    Args:
        folder: of the run.
        density: its name; None for the run's own.

    Raises:
        RunError: the run's configuration or its densities are missing or damaged.
        SettingsError: the run has no such density.
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
    """The name of the set of images that a run was trained on, or the path of a folder or archive of them.

    Raises:
        RunError: the run does not say.
    """
    about = read_config(folder)["data"]
    if not isinstance(about.get("name"), str):
        raise RunError(
            f"{folder.path} does not say which images it was trained on", remedy="train with `grae images train`"
        )
    return about["name"]
