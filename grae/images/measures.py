"""The paper's four measures of a model of images, each a Frechet distance to the held-out images.

Source: Ghosh et al. 2020, section 5.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from grae.errors import DataError
from grae.images.estimator import ImageAutoencoder
from grae.images.frechet import Moments, frechet_distance
from grae.images.interpolation import slerp
from grae.images.projectors import Projector
from grae.images.recipes import model_of_images

MOST = 10_000  # images
CHUNK = 2048  # images encoded together
PRIORS = ("normal", "two-stage")


@dataclass(frozen=True)
class Measures:
    """Distances; the lower, the better.

    Attributes:
        feature: what they are called: "FID", or "FD(name)" in another network's features.
        n: images on each side.
        rec: of reconstructions of the held-out images.
        normal: of samples from N(0, I) for the VAE and the WAE, from the second stage for 2sVAE, and from one Gaussian
            fitted to the codes for the other models.
        gmm: of samples from the mixture of 10 Gaussians fitted to the codes.
        interp: of images half-way between random pairs of held-out images, on the arc between their codes.
    """

    feature: str
    n: int
    rec: float
    normal: float
    gmm: float
    interp: float

    def to_dict(self) -> dict[str, Any]:
        """The same, as JSON can hold it."""
        return asdict(self)


NAMES = ("rec", "normal", "gmm", "interp")


def normal_density(name: str) -> str:
    """The density that the measure "normal" samples a model from."""
    density = model_of_images(name).density
    return density if density in PRIORS else "gaussian"


def measure(
    model: ImageAutoencoder,
    images: np.ndarray,
    projector: Projector,
    *,
    n: int = MOST,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Measures:
    """Measures a fitted model.

    Args:
        model: the model.
        images: held-out images (m, H, W, C) uint8, which neither the model nor the projector was trained on.
        projector: whose features the distances are in.
        n: images on each side of each distance; at most m.
        seed: of the choice of images, the pairs, and the samples.
        progress: called with the fraction done.

    Raises:
        DataError: fewer than two images.
    """
    rng = np.random.default_rng(seed)
    n = min(n, len(images))
    if n < 2:
        raise DataError(f"{n} held-out images are too few to measure on", remedy="give two or more")
    rows = np.arange(n) if n == len(images) else np.sort(rng.choice(len(images), n, replace=False))
    chunks = [rows[start : start + CHUNK] for start in range(0, n, CHUNK)]
    codes = np.concatenate([model.transform(images[some]) for some in chunks])
    first = rng.permutation(n)
    second = (first + rng.integers(1, n, size=n)) % n  # another one than the first
    tell = progress or (lambda fraction: None)
    real = projector.moments(images[some] for some in chunks)
    tell(1 / 5)

    def distance(batches: Iterator[np.ndarray], done: float) -> float:
        found: Moments = projector.moments(batches)
        tell(done)
        return frechet_distance(real, found)

    return Measures(
        feature=projector.label,
        n=n,
        rec=distance(model.decoded(codes), 2 / 5),
        normal=distance(
            model.decoded(model.density_named(normal_density(model.settings_.model)).sample(n, seed)), 3 / 5
        ),
        gmm=distance(model.decoded(model.density_named("gmm").sample(n, seed)), 4 / 5),
        interp=distance(model.decoded(slerp(codes[first], codes[second], 0.5)), 1.0),
    )
