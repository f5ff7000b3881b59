"""A trained estimator as the folder of a run, and back. No pickle: opening a run runs none of its content."""

import hashlib
import importlib.metadata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from grae.datasets.split import Split
from grae.density import load_densities, save_densities
from grae.errors import RunError
from grae.grammar.codec import Derivations
from grae.sequence.configuration import (
    FORMAT,
    NOT_KEPT,
    checked_parameters,
    read_config,
    read_grammar,
    read_language_grammar,
    read_settings,
)
from grae.sequence.network import network_of
from grae.sequence.settings import Settings
from grae.training.checkpoint import load_weights
from grae.training.run_folder import FOREIGN, RunFolder
from grae.training.settings import Device

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

SPLIT = "split.safetensors"
PACKAGES = ("grae", "torch", "numpy", "rdkit", "scikit-learn")
CHUNK = 1 << 22


def begin(folder: RunFolder, estimator: "GrammarAutoencoder") -> None:
    """Writes what is known before training: settings, grammar and split. That is enough to resume.

    The named grammar gets a file of its own where the derivations' grammar does not hold it, as a character model's.
    """
    grammar, language = estimator.grammar_, estimator.language_grammar_
    folder.write_text(folder.GRAMMAR, grammar.text)
    if language != (grammar.base or grammar):
        folder.write_text(folder.LANGUAGE, language.text)
    estimator.split_.save(folder / SPLIT)
    config = {
        "format": FORMAT,
        "grammar": {"name": grammar.name, "fingerprint": grammar.fingerprint},
        "language": {"name": language.name, "fingerprint": language.fingerprint},
        "settings": estimator.settings_.model_dump(mode="json"),
        "parameters": {name: value for name, value in estimator.get_params().items() if name not in NOT_KEPT},
        "data": estimator.about_,
        "versions": {package: _version(package) for package in PACKAGES},
    }
    folder.write_json(folder.CONFIG, config)


def write(folder: RunFolder, estimator: "GrammarAutoencoder") -> None:
    """Writes a fitted estimator: what `begin` writes, the weights, the densities and the metrics."""
    begin(folder, estimator)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in estimator.network_.state_dict().items()}
    write_densities(folder, estimator)
    if not folder.has(folder.METRICS) and estimator.result_ is not None:
        for record in estimator.result_.metrics:
            folder.append_jsonl(folder.METRICS, record)
    folder.write_tensors(folder.MODEL, weights, {"format": FORMAT, "grammar": estimator.grammar_.fingerprint})


def write_densities(folder: RunFolder, estimator: "GrammarAutoencoder") -> None:
    """Writes a fitted estimator's densities alone, in the place of those that are there."""
    save_densities(folder / folder.DENSITY, estimator.densities_)


def read(kind: "type[GrammarAutoencoder]", folder: RunFolder, device: Device) -> Any:
    """The estimator of a finished run. Raises RunError."""
    config, settings, grammar = read_config(folder), read_settings(folder), read_grammar(folder)
    language = read_language_grammar(folder)
    parameters = checked_parameters(folder, config, kind)
    estimator = kind(language, **{**parameters, "device": device})
    estimator.grammar_, estimator.language_grammar_, estimator.settings_ = grammar, language, settings
    estimator.about_ = config.get("data") or {}
    estimator.split_ = Split.load(folder / SPLIT)
    rows = estimator.about_.get("rows")
    if rows is not None and rows != len(estimator.split_):
        raise RunError(
            f"{folder / SPLIT} splits {len(estimator.split_):,} rows; the run was trained on {rows:,}", remedy=FOREIGN
        )
    estimator.result_ = None
    with torch.random.fork_rng(devices=[]):
        network = network_of(grammar, settings)
    if not folder.has(folder.MODEL):
        raise RunError(
            f"{folder.path} holds no {folder.MODEL}: its training has not finished",
            remedy=f"grae train --resume --out {folder.path}",
        )
    arrays, _ = folder.read_tensors(folder.MODEL)
    load_weights(network, arrays, str(folder / folder.MODEL))
    estimator.network_ = network.eval()
    estimator.densities_ = load_densities(folder / folder.DENSITY)
    return estimator


def check_same(folder: RunFolder, settings: Settings, data: Mapping[str, Any]) -> None:
    """Makes sure that a run is resumed with the settings and the data it was begun with; its length may change.

    Raises:
        RunError: naming what differs.
    """
    kept = read_settings(folder)
    different = [
        name
        for name in type(settings).model_fields
        if name != "training" and getattr(settings, name) != getattr(kept, name)
    ]
    different += settings.training.differences(kept.training.model_dump(mode="json"))
    if different:
        raise RunError(
            f"{folder.path} was begun with other settings: {', '.join(different)}",
            remedy="resume with the same ones, or train into another folder",
        )
    if (read_config(folder).get("data") or {}).get("sha256") != data["sha256"]:
        raise RunError(
            f"{folder.path} was begun with other data", remedy="resume with the same data, or train into another folder"
        )


def checksum(derivations: Derivations) -> str:
    """sha256 of derivations: their lengths and their ids."""
    digest = hashlib.sha256()
    for array in (derivations.lengths.astype("<i8"), derivations.ids):
        for start in range(0, len(array), CHUNK):
            digest.update(np.ascontiguousarray(array[start : start + CHUNK]).data)
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
