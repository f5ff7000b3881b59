"""Features of real images, which are the same for every model: computed once, and kept in the cache."""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from grae import files
from grae.datasets.locations import cache_home
from grae.errors import RunError
from grae.images.projectors.projector import Projector

PART = 2048  # images
Tell = Callable[[int], None]


def features_of(
    projector: Projector, images: np.ndarray, rows: np.ndarray, *, tell: Tell = lambda n: None
) -> np.ndarray:
    """The features of some images, from the cache where the projector has an identity and they were computed before.

    Args:
        projector: whose.
        images: (m, H, W, C) uint8, in memory or mapped.
        rows: which of them, (n,).
        tell: called with the number of images that are done, time and again.

    Returns:
        (n, F) float32.
    """

    def parts() -> Iterator[np.ndarray]:
        for start in range(0, len(rows), PART):
            yield images[rows[start : start + PART]]

    def computed() -> np.ndarray:
        found = []
        for part in projector.features(parts()):
            found.append(part)
            tell(len(part))
        return np.concatenate(found)

    if projector.identity is None:
        return computed()
    digest = hashlib.sha256(f"{projector.identity} {images.shape[1:]} {len(rows)}".encode())
    for part in parts():
        digest.update(np.ascontiguousarray(part).data)
    path = cache_home() / "features" / f"{digest.hexdigest()[:32]}.safetensors"
    if path.is_file():
        try:
            kept, _ = files.read_tensors(path)
        except RunError:  # damaged: computed anew
            path.unlink()
        else:
            tell(len(rows))
            return kept["features"]
    found = computed()
    files.write_tensors(path, {"features": found}, {"of": projector.label, "images": len(rows)})
    return found
