"""Saving a trained estimator in a run folder, and loading it: the parts shared by strings and images.

Nothing is pickled: loading a run executes none of its content.
"""

import hashlib
import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn

from grae import files
from grae.autoencoder import Autoencoder
from grae.datasets.split import Split
from grae.density import load_densities, save_densities
from grae.errors import RunError
from grae.estimator.configuration import RunKind, read_config, read_settings
from grae.paths import SPLIT_FILE
from grae.pretrained import comes_with_grae
from grae.training.checkpoint import load_weights
from grae.training.run_folder import RunFolder
from grae.training.settings import FREE_ON_RESUME

if TYPE_CHECKING:
    from grae.estimator.base import LatentEstimator

CHUNK = 1 << 24  # bytes hashed at a time
FREE = frozenset([*(f"training.{name}" for name in FREE_ON_RESUME), "sampling_noise"])


def begin(kind: RunKind, folder: RunFolder, estimator: "LatentEstimator", **more: object) -> None:
    """Writes what is known before training: the split, and config.json with settings, parameters and data provenance.

    Args:
        kind: kind of run.
        folder: run folder.
        estimator: the estimator, with settings, split and `about_`.
        **more: further entries of config.json.
    """
    estimator.split_.save(folder / SPLIT_FILE)
    config = {
        "format": kind.format,
        **more,
        "settings": estimator.settings_.model_dump(mode="json"),
        "parameters": {name: value for name, value in estimator.get_params().items() if name not in kind.not_kept},
        "data": estimator.about_,
        "versions": {package: _version(package) for package in kind.packages},
    }
    folder.write_json(folder.CONFIG, config)


def write_densities(folder: RunFolder, estimator: "LatentEstimator") -> None:
    """Overwrites the densities of a run."""
    save_densities(folder / folder.DENSITY, estimator.densities_)


def fit_missing(
    estimator: "LatentEstimator",
    place: Path,
    names: Iterable[str],
    training: Callable[[], Any],
    tell: Callable[[str], None],
) -> None:
    """Fits those of the named densities that are missing, and stores each in the run.

    Args:
        estimator: a fitted estimator.
        place: run folder, where they are stored, except for a pretrained model.
        names: names of densities.
        training: returns the training data to whose codes they are fitted, as `fit_density` takes them; called once.
        tell: called with messages.
    """
    missing = [name for name in names if name not in estimator.densities_]
    if not missing:
        return
    data = training()
    for name in missing:
        tell(f"fitting the density {name!r} to the codes of {place}, once")
        estimator.fit_density(name, data)
        if not comes_with_grae(place):
            write_densities(RunFolder(place), estimator)


def write(kind: RunKind, folder: RunFolder, estimator: "LatentEstimator", **about: object) -> None:
    """Writes the results of training: densities, metrics and, last, the weights, which mark the run as complete.

    Args:
        kind: kind of run.
        folder: run folder, in which `begin` has written.
        estimator: a fitted estimator.
        **about: further metadata of the weights file.
    """
    write_densities(folder, estimator)
    if not folder.has(folder.METRICS) and estimator.result_ is not None:
        for record in estimator.result_.metrics:
            folder.append_jsonl(folder.METRICS, record)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in estimator.network_.state_dict().items()}
    folder.write_tensors(folder.MODEL, weights, {"format": kind.format, **about})


def restore(kind: RunKind, folder: RunFolder, estimator: "LatentEstimator", network: Autoencoder) -> None:
    """Restores the fitted attributes of an estimator from a finished run: data provenance, split, weights, densities.

    Args:
        kind: kind of run.
        folder: run folder.
        estimator: the estimator, with settings.
        network: network with the architecture of the stored weights.

    Raises:
        RunError: the training has not finished, or a file is missing, truncated or of another format.
    """
    if not folder.has(folder.MODEL):
        raise RunError(
            f"{folder.path} holds no {folder.MODEL}: its training has not finished",
            remedy=f"{kind.command} --resume --out {folder.path}",
        )
    estimator.about_ = read_config(kind, folder).get("data") or {}
    estimator.split_ = Split.load(folder / SPLIT_FILE, remedy=kind.foreign)
    rows = estimator.about_.get("rows")
    if rows is not None and rows != len(estimator.split_):
        raise RunError(
            f"{folder / SPLIT_FILE} splits {len(estimator.split_):,} rows; the run was trained on {rows:,}",
            remedy=kind.foreign,
        )
    estimator.result_ = None
    arrays, _ = folder.read_tensors(folder.MODEL)
    load_weights(network, arrays, str(folder / folder.MODEL))
    estimator.network_ = network.eval()
    estimator.densities_ = load_densities(folder / folder.DENSITY)


def unseeded(network: "type[nn.Module] | Any", *arguments: object) -> Any:
    """A network whose weights will be loaded; torch's global generator is left unchanged."""
    with torch.random.fork_rng(devices=[]):
        return network(*arguments)


def check_same(kind: RunKind, folder: RunFolder, settings: BaseModel, about: Mapping[str, Any]) -> None:
    """Checks that a run is resumed with its original settings and data; the length of training may change.

    Raises:
        RunError: settings or data differ; the message names them.
    """
    stored = read_settings(kind, folder, type(settings)).model_dump(mode="json")
    files.check_unchanged(folder.path, stored, settings.model_dump(mode="json"), FREE)
    if (read_config(kind, folder).get("data") or {}).get("sha256") != about["sha256"]:
        raise RunError(
            f"{folder.path} was started with other data", remedy="resume with the same data, or give another folder"
        )


def checksum(arrays: Iterable[np.ndarray], about: str = "") -> str:
    """SHA-256 of arrays, as hexadecimal digits.

    Args:
        arrays: arrays in C order, or memory-mapped; read in chunks.
        about: text to hash first, such as their shape.
    """
    digest = hashlib.sha256(about.encode())
    for array in arrays:
        rows = max(1, CHUNK // max(1, array[:1].nbytes))
        for start in range(0, len(array), rows):
            digest.update(np.ascontiguousarray(array[start : start + rows]).data)
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # running from a checkout
        return "not installed"
