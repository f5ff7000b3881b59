"""Decodes the files of named sets of images: arrays (n, H, W, C) uint8, and labels (n,) int64."""

import gzip
import io
import pickle
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grae.errors import DataError

PADDED = 32  # pixels per side: 28, and two of background on each side
CIFAR_SIDE = 32
DIGITS_SEED, DIGITS_TEST = 0, 600
REMEDY = "remove it and fetch it anew"


class Part(NamedTuple):
    """Images and their labels.

    Attributes:
        images: (n, H, W, C) uint8, C 1 or 3.
        labels: (n,) int64, or None.
    """

    images: np.ndarray
    labels: np.ndarray | None


def digits(paths: Sequence[Path]) -> tuple[Part, Part]:
    """scikit-learn's digits, 8x8, their 17 gray levels scaled to 0 to 255; 600 of them are the test part.

    The data set has no official test part; a fixed permutation selects it.
    """
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    order = np.random.default_rng(DIGITS_SEED).permutation(len(images))
    labels = bunch.target.astype(np.int64)
    test, train = np.sort(order[:DIGITS_TEST]), np.sort(order[DIGITS_TEST:])
    return Part(images[train], labels[train]), Part(images[test], labels[test])


def idx(paths: Sequence[Path]) -> tuple[Part, Part]:
    """Decodes MNIST's files (training images and labels, test images and labels, each gzipped); pads to 32x32.

    Raises:
        DataError: a file is damaged or of another format.
    """
    arrays = [read_idx(path) for path in paths]
    parts = []
    for (images, labels), path in zip((arrays[:2], arrays[2:]), paths[::2], strict=True):
        if images.ndim != 3 or labels.shape != images.shape[:1] or max(images.shape[1:]) > PADDED:
            raise DataError(f"{path} holds an array {images.shape} beside labels {labels.shape}", remedy=REMEDY)
        before = [(PADDED - side) // 2 for side in images.shape[1:]]
        padded = np.zeros((len(images), PADDED, PADDED, 1), np.uint8)
        padded[:, before[0] : before[0] + images.shape[1], before[1] : before[1] + images.shape[2], 0] = images
        parts.append(Part(padded, labels.astype(np.int64)))
    return parts[0], parts[1]


def read_idx(path: Path) -> np.ndarray:
    """Reads unsigned bytes in MNIST's idx format (a magic number, the shape as big-endian int32, the bytes).

    Raises:
        DataError: the file is damaged or of another format.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}", remedy=REMEDY) from None
    except OSError as error:
        raise DataError(f"{path} could not be read: {error.strerror}", remedy="check its permissions") from error
    n_axes = content[3] if content[:3] == b"\0\0\x08" else 0
    shape = np.frombuffer(content, ">i4", count=n_axes, offset=4) if 4 + 4 * n_axes <= len(content) else []
    start = 4 + 4 * n_axes
    if not n_axes or len(content) - start != np.prod(shape, dtype=np.int64):
        raise DataError(f"{path} is not an idx file of unsigned bytes, or it is truncated", remedy=REMEDY)
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def cifar(paths: Sequence[Path]) -> tuple[Part, Part]:
    """Decodes the Python version of CIFAR-10, a tar archive of pickled batches, read by `CifarUnpickler`.

    Raises:
        DataError: it is damaged, or training or test batches are missing.
    """
    (path,) = paths
    parts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = Path(member.name).name
                if member.isfile() and (name.startswith("data_batch_") or name == "test_batch"):
                    opened = archive.extractfile(member)
                    assert opened is not None  # it is a file
                    parts[name] = _cifar_batch(opened.read(), f"{path}: {name}")
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}", remedy=REMEDY) from None
    test = parts.pop("test_batch", None)
    if test is None or not parts:
        raise DataError(f"{path} lacks data_batch_* or test_batch of CIFAR-10", remedy=REMEDY)
    train = [np.concatenate(arrays) for arrays in zip(*(parts[name] for name in sorted(parts)), strict=True)]
    return Part(train[0], train[1]), Part(*test)


class CifarUnpickler(pickle.Unpickler):
    """Unpickles lists, dictionaries, strings, numbers and numpy arrays; anything else is an error, not executed."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Allows only the names that numpy arrays need."""
        from numpy._core.multiarray import _reconstruct  # type: ignore[attr-defined]

        allowed = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
        allowed |= {(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")}
        if (module_name, global_name) not in allowed:
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}, which no batch of images needs")
        return allowed[module_name, global_name]


def _cifar_batch(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The images (n, 32, 32, 3) and labels (n,) of a batch."""
    try:
        batch = CifarUnpickler(io.BytesIO(content), encoding="bytes").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise DataError(f"{name} is not a batch of CIFAR-10: {error}", remedy=REMEDY) from None
    rows, labels = (batch.get(b"data"), batch.get(b"labels")) if isinstance(batch, dict) else (None, None)
    width = 3 * CIFAR_SIDE**2
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (width,):
        raise DataError(f"{name} is not a batch of CIFAR-10: it has no rows of {width} bytes", remedy=REMEDY)
    if not isinstance(labels, list) or len(labels) != len(rows) or not all(type(label) is int for label in labels):
        raise DataError(f"{name} is not a batch of CIFAR-10: it does not have one label per image", remedy=REMEDY)
    images = np.ascontiguousarray(rows.reshape(-1, 3, CIFAR_SIDE, CIFAR_SIDE).transpose(0, 2, 3, 1))
    return images, np.array(labels, np.int64)


DECODERS = {"digits": digits, "idx": idx, "cifar": cifar}
"""Decoders by the registry's format: from the files of an edition to its training and test parts."""
