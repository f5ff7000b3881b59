"""The paper's four measures of a model of images, each a Frechet distance to held-out images.

Each Frechet inception distance comes with the kernel inception distance, which is unbiased, and optionally with its
extrapolation to infinitely many generated images.
Source: Ghosh et al. 2020, section 5.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from grae.errors import DataError
from grae.frechet import Moments, frechet_distance, limit_of_many
from grae.images.estimator import ImageAutoencoder
from grae.images.kernel import Estimate, kernel_distance
from grae.images.projectors import Projector
from grae.images.projectors.cache import features_of
from grae.images.recipes import model_of_images

MOST = 10_000  # images
CHUNK = 2048  # images per batch
LEAST = 8  # minimum number of images for a kernel distance
PRIORS = ("normal", "two-stage")


@dataclass(frozen=True)
class Distance:
    """The distance of a set of images from the held-out ones.

    Attributes:
        frechet: the Frechet distance.
        kernel: the kernel inception distance; None for features of another network.
        limit: the Frechet distance extrapolated to infinitely many images; None if not requested, or with too few
            images.
    """

    frechet: float
    kernel: Estimate | None
    limit: float | None


@dataclass(frozen=True)
class Measures:
    """Distances of a model; lower is better.

    Attributes:
        feature: name of the distance: "FID", or "FD(name)" for features of another network.
        n: number of images on each side.
        rec: distance of reconstructions of the held-out images.
        normal: distance of samples from N(0, I) for the VAE and the WAE, from the second stage for 2sVAE, and from one
            Gaussian fitted to the codes for the other models.
        gmm: distance of samples from the mixture of 10 Gaussians fitted to the codes.
        interp: distance of images halfway between random pairs of held-out images; see `interpolated_codes`.
        kernel: the kernel inception distances of the four, with standard errors; empty for features of another network.
        limit: the extrapolated Frechet distances of the four; empty if not requested.
    """

    feature: str
    n: int
    rec: float
    normal: float
    gmm: float
    interp: float
    kernel: dict[str, Estimate] = field(default_factory=dict)
    limit: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The measures as JSON: an estimate as "value" and "error"; empty entries are omitted."""
        values = asdict(self) | {"kernel": {name: estimate._asdict() for name, estimate in self.kernel.items()}}
        return {name: value for name, value in values.items() if value != {}}


NAMES = ("rec", "normal", "gmm", "interp")


def normal_density(name: str) -> str:
    """The density of the measure "normal"."""
    density = model_of_images(name).density
    return density if density in PRIORS else "gaussian"


class HeldOut:
    """The held-out images that models are measured against; their features are computed lazily and cached.

    Args:
        images: (m, H, W, C) uint8, used in the training of neither the models nor the projector.
        projector: feature extractor.
        n: number of images on each side of each distance, at most m.
        seed: seed of the choice of images, pairs and samples.
        limits: whether distances are extrapolated to infinitely many images.
        tell: called with the number of images whose features have been computed.

    Raises:
        DataError: fewer than two images.
    """

    def __init__(
        self,
        images: np.ndarray,
        projector: Projector,
        *,
        n: int = MOST,
        seed: int = 0,
        limits: bool = False,
        tell: Callable[[int], None] = lambda n: None,
    ) -> None:
        self.projector, self.seed, self.limits, self.tell = projector, seed, limits, tell
        self.n = min(n, len(images))
        if self.n < 2:
            raise DataError(f"{self.n} held-out images are too few to measure on", remedy="give two or more")
        rows = np.random.default_rng(seed).choice(len(images), self.n, replace=False)
        self.images, self.rows = images, np.sort(rows)

    def parts(self) -> Iterator[np.ndarray]:
        """The chosen images in batches."""
        for start in range(0, self.n, CHUNK):
            yield self.images[self.rows[start : start + CHUNK]]

    def codes(self, model: ImageAutoencoder) -> np.ndarray:
        """A model's codes of the chosen images, (n, D) float32."""
        return np.concatenate([model.transform(part) for part in self.parts()])

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions (n,) of the chosen images, and of another image for each."""
        rng = np.random.default_rng(self.seed)
        first = rng.permutation(self.n)
        return first, (first + rng.integers(1, self.n, size=self.n)) % self.n

    @cached_property
    def features(self) -> np.ndarray:
        """The features of the chosen images, (n, F) float32."""
        return features_of(self.projector, self.images, self.rows, tell=self.tell)

    @cached_property
    def moments(self) -> Moments:
        """Mean and covariance of their features."""
        return Moments.of(self.features)

    def distance(self, images: Iterable[np.ndarray]) -> Distance:
        """The distance of other images.

        Args:
            images: batches, (B, H, W, C) uint8 each.
        """
        parts = []
        for part in self.projector.features(images):
            parts.append(part)
            self.tell(len(part))
        return self._distance(np.concatenate(parts))

    def floor(self, training: np.ndarray) -> Distance:
        """The distance of as many training images, drawn with the seed: the floor for models."""
        rng = np.random.default_rng(self.seed)
        rows = np.sort(rng.choice(len(training), min(self.n, len(training)), replace=False))
        return self._distance(features_of(self.projector, training, rows, tell=self.tell))

    def _distance(self, features: np.ndarray) -> Distance:
        kernel = kernel_distance(self.features, features, seed=self.seed) if self._has_kernel(len(features)) else None
        return Distance(
            frechet_distance(self.moments, Moments.of(features)),
            kernel,
            limit_of_many(self.moments, features, seed=self.seed) if self.limits else None,
        )

    def _has_kernel(self, n: int) -> bool:
        return self.projector.is_inception and min(n, self.n) >= LEAST


def measure(model: ImageAutoencoder, held_out: HeldOut) -> Measures:
    """Measures a fitted model against held-out images."""
    n, seed = held_out.n, held_out.seed
    codes = held_out.codes(model)
    first, second = held_out.pairs()
    normal, gmm = (model.density_named(name) for name in (normal_density(model.settings_.model), "gmm"))
    of = {
        "rec": model.reconstructed_codes(codes),
        "normal": normal.sample(n, seed),
        "gmm": gmm.sample(n, seed),
        "interp": model.interpolated_codes(codes[first], codes[second], 0.5),
    }
    distances = {name: held_out.distance(model.decoded(images)) for name, images in of.items()}
    return Measures(
        feature=held_out.projector.label,
        n=n,
        **{name: distance.frechet for name, distance in distances.items()},
        kernel={name: distance.kernel for name, distance in distances.items() if distance.kernel is not None},
        limit={name: distance.limit for name, distance in distances.items() if distance.limit is not None},
    )


class SampledDensity(NamedTuple):
    """A density compared with others of its model.

    Attributes:
        distance: distance of its samples from the held-out images; lower is better.
        log_likelihood: mean log density of the codes of the held-out images, in nats.
    """

    distance: Distance
    log_likelihood: float


def measure_densities(model: ImageAutoencoder, held_out: HeldOut, names: Sequence[str]) -> dict[str, SampledDensity]:
    """Samples as many images from each density as there are held-out images, with one seed; by name.

    Args:
        model: a fitted model.
        held_out: the images that it is measured against.
        names: names of fitted densities.

    Raises:
        SettingsError: a density is not fitted.
    """
    codes = held_out.codes(model)
    result = {}
    for name in names:
        density = model.density_named(name)
        distance = held_out.distance(model.decoded(density.sample(held_out.n, held_out.seed)))
        result[name] = SampledDensity(distance, float(density.log_prob(codes).mean()))
    return result
