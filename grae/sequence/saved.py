"""A trained estimator as the folder of a run, and back. No pickle: opening a run runs none of its content."""

import hashlib
import importlib.metadata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import ValidationError

from grae.datasets.split import Split
from grae.density import load_densities, save_densities
from grae.errors import GrammarError, RunError
from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.sequence.network import network_of
from grae.sequence.settings import Settings
from grae.training.checkpoint import load_weights
from grae.training.run_folder import FOREIGN, RunFolder
from grae.training.settings import Device

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

FORMAT = "grae run 1"
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
        "parameters": {
            name: value for name, value in estimator.get_params().items() if name not in ("grammar", "progress")
        },
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


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json. Raises RunError: missing, truncated or foreign."""
    if not folder.path.is_dir():
        raise RunError(f"there is no folder {folder.path}", remedy="give the folder of a run made by `grae train`")
    config = folder.read_json(folder.CONFIG)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise RunError(f"{folder / folder.CONFIG} is no configuration of a run (format {FORMAT!r})", remedy=FOREIGN)
    return config


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or foreign."""
    try:
        return Settings.model_validate(read_config(folder).get("settings"))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise RunError(f"{folder / folder.CONFIG}: settings.{place}: {problem['msg']}", remedy=FOREIGN) from None


def read_grammar(folder: RunFolder) -> Grammar:
    """The grammar of a run's derivations, checked against the fingerprint in its configuration. Raises RunError."""
    return _read_grammar(folder, folder.GRAMMAR, read_config(folder).get("grammar") or {})


def read_language_grammar(folder: RunFolder) -> Grammar:
    """The grammar that a run's strings are in the language of, checked likewise; without motifs. Raises RunError."""
    grammar = read_grammar(folder)
    plain = grammar.base or grammar
    about = read_config(folder).get("language")
    if about is None or about.get("fingerprint") == plain.fingerprint:
        return plain
    return _read_grammar(folder, folder.LANGUAGE, about)


def read(kind: "type[GrammarAutoencoder]", folder: RunFolder, device: Device) -> Any:
    """The estimator of a finished run. Raises RunError."""
    config, settings, grammar = read_config(folder), read_settings(folder), read_grammar(folder)
    language = read_language_grammar(folder)
    parameters = config.get("parameters")
    known = set(kind().get_params())
    if not isinstance(parameters, dict) or not parameters.keys() <= known:
        raise RunError(f"{folder / folder.CONFIG}: unknown parameters of the estimator", remedy=FOREIGN)
    estimator = kind(language, **{**parameters, "device": device})
    estimator.grammar_, estimator.language_grammar_, estimator.settings_ = grammar, language, settings
    estimator.about_ = config.get("data") or {}
    estimator.split_ = Split.load(folder / SPLIT)
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
    if read_config(folder)["data"].get("sha256") != data["sha256"]:
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


def _read_grammar(folder: RunFolder, name: str, about: Mapping[str, Any]) -> Grammar:
    """A grammar of a run: the file of that name, whose name and fingerprint the configuration tells."""
    try:
        grammar = Grammar.from_text(folder.read_text(name), name=str(about.get("name")))
    except GrammarError as error:
        raise RunError(f"{folder / name}: {error.message}", remedy=FOREIGN) from None
    if grammar.fingerprint != about.get("fingerprint"):
        raise RunError(
            f"{folder / name} is not the grammar that the run was trained with (fingerprints differ)", remedy=FOREIGN
        )
    return grammar


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
