"""A trained model of images as the folder of a run, and back. No pickle: opening a run runs none of its content."""

import importlib.metadata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError

from grae.datasets.split import Split
from grae.density import load_densities, save_densities
from grae.errors import RunError
from grae.images.network import build
from grae.images.settings import Settings
from grae.training.checkpoint import load_weights
from grae.training.run_folder import RunFolder
from grae.training.settings import Device

if TYPE_CHECKING:
    from grae.images.estimator import ImageAutoencoder

FORMAT = "grae image run 1"
SPLIT = "split.safetensors"
PACKAGES = ("grae", "torch", "numpy", "scikit-learn", "pillow")
FOREIGN = "give the folder of a run made by `grae images train`, or restore the file from a copy"


def begin(folder: RunFolder, estimator: "ImageAutoencoder") -> None:
    """Writes what is known before training: settings and split. That is enough to resume."""
    estimator.split_.save(folder / SPLIT)
    config = {
        "format": FORMAT,
        "settings": estimator.settings_.model_dump(mode="json"),
        "parameters": {name: value for name, value in estimator.get_params().items() if name != "progress"},
        "data": estimator.about_,
        "versions": {package: _version(package) for package in PACKAGES},
    }
    folder.write_json(folder.CONFIG, config)


def write(folder: RunFolder, estimator: "ImageAutoencoder") -> None:
    """Writes a fitted estimator: what `begin` writes, the densities, the metrics, and the weights last."""
    begin(folder, estimator)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in estimator.network_.state_dict().items()}
    save_densities(folder / folder.DENSITY, estimator.densities_)
    if not folder.has(folder.METRICS) and estimator.result_ is not None:
        for record in estimator.result_.metrics:
            folder.append_jsonl(folder.METRICS, record)
    folder.write_tensors(folder.MODEL, weights, {"format": FORMAT})


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json, with its "data" and the "parameters" of its estimator. Raises RunError."""
    if not folder.path.is_dir():
        raise RunError(f"there is no folder {folder.path}", remedy=FOREIGN)
    config = folder.read_json(folder.CONFIG)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise RunError(
            f"{folder / folder.CONFIG} is no configuration of a run of images (format {FORMAT!r})", remedy=FOREIGN
        )
    if not isinstance(config.get("data"), dict) or not isinstance(config.get("parameters"), dict):
        raise RunError(f"{folder / folder.CONFIG} lacks the data or the parameters of a run", remedy=FOREIGN)
    return config


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or foreign."""
    try:
        return Settings.model_validate(read_config(folder).get("settings"))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise RunError(f"{folder / folder.CONFIG}: settings.{place}: {problem['msg']}", remedy=FOREIGN) from None


def read(kind: "type[ImageAutoencoder]", folder: RunFolder, device: Device) -> Any:
    """The estimator of a finished run. Raises RunError."""
    config, settings = read_config(folder), read_settings(folder)
    parameters = config["parameters"]
    if not parameters.keys() <= set(kind().get_params()):
        raise RunError(f"{folder / folder.CONFIG}: unknown parameters of the estimator", remedy=FOREIGN)
    if not folder.has(folder.MODEL):
        raise RunError(
            f"{folder.path} holds no {folder.MODEL}: its training has not finished",
            remedy=f"grae images train --resume --out {folder.path}",
        )
    estimator = kind(**{**parameters, "device": device})
    estimator.settings_, estimator.about_, estimator.result_ = settings, config["data"], None
    estimator.split_ = Split.load(folder / SPLIT)
    with torch.random.fork_rng(devices=[]):
        network = build(settings.architecture, settings.objective)
    arrays, _ = folder.read_tensors(folder.MODEL)
    load_weights(network, arrays, str(folder / folder.MODEL))
    estimator.network_ = network.eval()
    estimator.densities_ = load_densities(folder / folder.DENSITY)
    return estimator


def check_same(folder: RunFolder, settings: Settings, data: Mapping[str, Any]) -> None:
    """Makes sure that a run is resumed with the settings and the images it was begun with; its length may change.

    Raises:
        RunError: naming what differs.
    """
    kept = read_settings(folder)
    names = [name for name in Settings.model_fields if name != "training"]
    different = [name for name in names if getattr(settings, name) != getattr(kept, name)]
    different += settings.training.differences(kept.training.model_dump(mode="json"))
    if different:
        raise RunError(
            f"{folder.path} was begun with other settings: {', '.join(different)}",
            remedy="resume with the same ones, or train into another folder",
        )
    if read_config(folder)["data"].get("sha256") != data["sha256"]:
        raise RunError(
            f"{folder.path} was begun with other images",
            remedy="resume with the same ones, or train into another folder",
        )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "not installed"
