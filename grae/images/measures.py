"""The paper's four measures of a model of images, each a Frechet distance to the held-out images.

Source: Ghosh et al. 2020, section 5.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grae.errors import DataError
from grae.images.estimator import ImageAutoencoder
from grae.images.frechet import Moments, frechet_distance
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
        interp: of images half-way between random pairs of held-out images; see `interpolated_codes`.
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


class HeldOut:
    """The held-out images that models are measured against; their features are computed when first needed, and kept.

    Args:
        images: (m, H, W, C) uint8, which neither a model nor the projector was trained on.
        projector: whose features the distances are in.
        n: images on each side of each distance; at most m.
        seed: of the choice of images, the pairs, and the samples.

    Raises:
        DataError: fewer than two images.
    """

    def __init__(self, images: np.ndarray, projector: Projector, *, n: int = MOST, seed: int = 0) -> None:
        self.projector, self.seed = projector, seed
        self.n = min(n, len(images))
        if self.n < 2:
            raise DataError(f"{self.n} held-out images are too few to measure on", remedy="give two or more")
        rows = np.random.default_rng(seed).choice(len(images), self.n, replace=False)
        self.images, self.rows = images, np.sort(rows)

    def parts(self) -> Iterator[np.ndarray]:
        """The chosen images, some thousands at a time."""
        for start in range(0, self.n, CHUNK):
            yield self.images[self.rows[start : start + CHUNK]]

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Each of the chosen images once, (n,) places, and another one for each."""
        rng = np.random.default_rng(self.seed)
        first = rng.permutation(self.n)
        return first, (first + rng.integers(1, self.n, size=self.n)) % self.n

    @cached_property
    def moments(self) -> Moments:
        """Of their features."""
        return self.projector.moments(self.parts())


def measure(model: ImageAutoencoder, held_out: HeldOut, *, progress: Callable[[float], None] | None = None) -> Measures:
    """Measures a fitted model.

    Args:
        model: the model.
        held_out: what it is measured against.
        progress: called with the fraction done.
    """
    n, seed, projector = held_out.n, held_out.seed, held_out.projector
    tell = progress or (lambda fraction: None)
    codes = np.concatenate([model.transform(part) for part in held_out.parts()])
    first, second = held_out.pairs()
    real = held_out.moments
    tell(1 / 5)

    def distance(of: np.ndarray, done: float) -> float:
        found = projector.moments(model.decoded(of))
        tell(done)
        return frechet_distance(real, found)

    normal, gmm = (model.density_named(name) for name in (normal_density(model.settings_.model), "gmm"))
    return Measures(
        feature=projector.label,
        n=n,
        rec=distance(model.reconstructed_codes(codes), 2 / 5),
        normal=distance(normal.sample(n, seed), 3 / 5),
        gmm=distance(gmm.sample(n, seed), 4 / 5),
        interp=distance(model.interpolated_codes(codes[first], codes[second], 0.5), 1.0),
    )
