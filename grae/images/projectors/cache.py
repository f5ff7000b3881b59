"""Cached features of real images, which are the same for every model."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from grae import files
from grae.datasets.locations import cache_home
from grae.errors import RunError
from grae.images.projectors.projector import Projector

PART = 2048  # images per batch
Tell = Callable[[int], None]


def features_of(
    projector: Projector, images: np.ndarray, rows: np.ndarray, *, tell: Tell = lambda n: None
) -> np.ndarray:
    """The features of images, read from the cache if the projector has an identity and they were computed before.

    Args:
        projector: feature extractor.
        images: (m, H, W, C) uint8, in memory or memory-mapped.
        rows: rows of the images, (n,) int64.
        tell: called with the number of images processed.

    Returns:
        (n, F) float32.
    """

    def computed() -> np.ndarray:
        features = []
        for part in projector.features(_parts(images, rows)):
            features.append(part)
            tell(len(part))
        return np.concatenate(features)

    if projector.identity is None:
        return computed()
    path = place_of(projector.identity, images, rows)
    if path.is_file():
        try:
            cached, _ = files.read_tensors(path)
        except RunError:  # damaged: recompute
            path.unlink()
        else:
            tell(len(rows))
            return cached["features"]
    features = computed()
    files.write_tensors(path, {"features": features}, {"of": projector.label, "images": len(rows)})
    return features


def place_of(identity: str, images: np.ndarray, rows: np.ndarray) -> Path:
    """The cache file of the features of images, named by a checksum of their pixels."""
    digest = hashlib.sha256(f"{identity} {images.shape[1:]} {len(rows)}".encode())
    for part in _parts(images, rows):
        digest.update(np.ascontiguousarray(part).data)
    return cache_home() / "features" / f"{digest.hexdigest()[:32]}.safetensors"


def _parts(images: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), PART):
        yield images[rows[start : start + PART]]
