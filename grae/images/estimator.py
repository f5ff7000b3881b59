"""The estimator of images: `ImageAutoencoder`, and `load`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from grae.callbacks.protocol import Callback, check
from grae.callbacks.reporter import Shown
from grae.density import Density, TwoStage
from grae.errors import DataError, SettingsError
from grae.estimator.base import LatentEstimator, RunOptions
from grae.estimator.interpolation import rescaled_line, slerp
from grae.images import saved
from grae.images.batches import ImageBatches, decode_codes, encode_images
from grae.images.build import build
from grae.images.data import validate_images
from grae.images.densities import fit_densities, unfitted
from grae.images.recipes import model_of_images
from grae.images.resolution import resolve_settings
from grae.images.validation import split_of_images, validation_of
from grae.paths import IMAGE_RUNS
from grae.training import processes
from grae.training.device import resolve_device
from grae.training.run_folder import RunFolder
from grae.training.settings import Device, Precision, Schedule

CHUNK = 4096  # images per batch


class ImageAutoencoder(LatentEstimator):
    """An autoencoder of images (Ghosh et al. 2020), as a scikit-learn transformer.

    X is an array of images throughout, (n, H, W, C) uint8 with H = W and C 1 or 3, in memory or memory-mapped.
    Parameters that are None are left to the recipe.

    Args:
        model: "vae", "cv-vae", "wae", "2svae", "rae-gp", "rae-l2", "rae-sn", "rae", "ae" or "ae-l2".
        recipe: the data set whose published network, weights and schedule to use: "digits", "mnist",
            "fashion-mnist", "cifar10" or "celeba"; None for the one that fits the size of the images.
        width: factor on all numbers of filters, for small machines. The recipe's lambda of Tikhonov's regularizer is
            scaled so that its penalty keeps its share of the loss.
        latent_dim: width of a code, D.
        epochs: number of epochs.
        time_budget: minutes of training.
        batch_size: images per step.
        learning_rate: initial learning rate; the peak of schedules with a warm-up.
        schedule: schedule of the learning rate, as in `TrainingSettings`; the recipes' "plateau" has no effect in
            short trainings.
        beta: weight of L_Z.
        lambda_: weight of L_REG, not scaled with the width.
        density: default density of `sample` and `score_samples`, a name in `grae.density.DENSITIES`.
        validation: share of the images used as validation set, at most 5,000.
        random_state: seed of everything random: split, initial weights, batches, densities, samples.
        device: "auto", "cpu", "cuda" or "mps".
        precision: precision of training: "auto", "fp32" or "bf16".
        progress: whether to show progress on standard error.

    Attributes:
        settings_: resolved settings.
        network_: the `Autoencoder`.
        densities_: fitted densities by name.
        split_: rows of the training and validation sets.
        result_: outcome of the training; None after `load`.
        about_: provenance of the images, with the checksum of their pixels.
    """

    RUNS = IMAGE_RUNS

    __metadata_request__fit = dict.fromkeys(("run", "resume", "data", "callbacks"), UNUSED)

    def __init__(
        self,
        model: str = "rae-l2",
        *,
        recipe: str | None = None,
        width: float = 1.0,
        latent_dim: int | None = None,
        epochs: int | None = None,
        time_budget: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        schedule: Schedule | None = None,
        beta: float | None = None,
        lambda_: float | None = None,
        density: str | None = None,
        validation: float = 0.1,
        random_state: int = 0,
        device: Device = "auto",
        precision: Precision = "auto",
        progress: Shown = False,
    ) -> None:
        self.model = model
        self.recipe = recipe
        self.width = width
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.time_budget = time_budget
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule: Schedule | None = schedule
        self.beta = beta
        self.lambda_ = lambda_
        self.density = density
        self.validation = validation
        self.random_state = random_state
        self.device: Device = device
        self.precision: Precision = precision
        self.progress: Shown = progress

    def fit(
        self,
        X: np.ndarray,
        y: object = None,
        *,
        run: str | Path | None = None,
        resume: bool = False,
        data: Mapping[str, Any] | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Trains the network, then fits the densities to the codes of the training images.

        In distributed training (`accelerate launch`, `torchrun`) every process calls it; rank 0 writes the run and fits
        the densities. See `grae.training.processes`.

        Args:
            X: images.
            y: ignored.
            run: folder to save the run in; None saves nothing.
            resume: whether to resume the run in that folder.
            data: provenance of the images, JSON-serializable; stored in the run's config.json.
            callbacks: called during training, as in `GrammarAutoencoder.fit`.

        Raises:
            SettingsError: a setting is unknown or out of range, or there is no recipe for images of this size.
            DataError: images of the wrong shape or dtype, or too few.
            RunError: the folder cannot be used.
        """
        check(callbacks)
        processes.join(resolve_device(self.device))
        options = RunOptions.of(run, resume, callbacks)
        images = validate_images(X)
        self.settings_ = resolve_settings(self.get_params(), (images.shape[1], images.shape[2], images.shape[3]))
        self.split_ = split_of_images(len(images), self.validation, self.random_state)
        self.about_ = {"rows": len(images), "sha256": saved.checksum(images), **(data or {})}
        if options.resumed is not None:
            saved.check_same(options.resumed, self.settings_, self.about_)
        self._train(images, options)
        self.densities_ = processes.broadcast_from_main(lambda: self._fitted_densities(images))
        self._save_run(options)
        return self

    def fit_like(self, other: Self, X: np.ndarray) -> Self:
        """Reuses the network of a model with the same training, and fits this model's densities.

        2sVAE reuses the VAE's network, since it differs from it in the second stage only.

        Args:
            other: a model fitted to the same images.
            X: those images.

        Raises:
            SettingsError: the models differ in network, objective or training.
            DataError: the other model was trained on other images.
        """
        images = validate_images(X)
        self.settings_ = resolve_settings(self.get_params(), (images.shape[1], images.shape[2], images.shape[3]))
        for name in ("architecture", "objective", "training"):
            if getattr(self.settings_, name) != getattr(other.settings_, name):
                raise SettingsError(f"the model to reuse differs in its {name}", remedy="call `fit`")
        if other.about_["sha256"] != saved.checksum(images):
            raise DataError("the model to reuse was trained on other images", remedy="call `fit`")
        self.split_, self.about_, self.result_ = other.split_, other.about_, other.result_
        self.network_ = other.network_
        self.densities_ = self._fitted_densities(images)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The latent codes of images, (n, D) float32.

        Raises:
            DataError: images of the wrong shape or dtype.
        """
        check_is_fitted(self)
        images, architecture = validate_images(X), self.settings_.architecture
        expected = (architecture.side, architecture.side, architecture.channels)
        if images.shape[1:] != expected:
            raise DataError(
                f"images have {' x '.join(map(str, images.shape[1:]))} values each; those of the training set had "
                f"{' x '.join(map(str, expected))}",
                remedy="scale them like the training images",
            )
        device = self._device()
        return encode_images(self.network_.to(device), images, device=device)

    def inverse_transform(self, X: np.ndarray) -> np.ndarray:
        """Decodes latent codes (n, D) into images, (n, H, W, C) uint8.

        Raises:
            DataError: codes of the wrong shape, or with NaN or infinite values.
        """
        architecture = self.settings_.architecture
        shape = (0, architecture.side, architecture.side, architecture.channels)
        return np.concatenate([np.empty(shape, np.uint8), *self.decoded(X)])

    def decoded(self, X: np.ndarray) -> Iterator[np.ndarray]:
        """The images of `inverse_transform` in batches, so that memory does not grow with the number of codes."""
        check_is_fitted(self)
        codes = self._codes(X)
        device = self._device()
        return decode_codes(self.network_.to(device), codes, device=device)

    def reconstruct(self, X: np.ndarray) -> np.ndarray:
        """Encodes images and decodes their codes; see `reconstructed_codes`."""
        return self.inverse_transform(self.reconstructed_codes(self.transform(X)))

    def reconstructed_codes(self, codes: np.ndarray) -> np.ndarray:
        """The codes from which images with codes (n, D) are reconstructed, (n, D) float32.

        These are the codes themselves, except for 2sVAE, whose reconstructions pass through the second stage too.
        """
        stage = self._second_stage()
        return self._codes(codes) if stage is None else stage.decode(stage.encode(codes)).astype(np.float32)

    def interpolated_codes(self, first: np.ndarray, second: np.ndarray, t: float | np.ndarray) -> np.ndarray:
        """Interpolates between codes (n, D) at fractions `t`, a number or (n, 1): (n, D) float32.

        Interpolation is spherical (`slerp`); for 2sVAE, as published, it is linear in the latent space of the second
        stage, with rescaled lengths (`rescaled_line`).
        """
        stage = self._second_stage()
        if stage is None:
            return slerp(first, second, t)
        return stage.decode(rescaled_line(stage.encode(first), stage.encode(second), t)).astype(np.float32)

    def sample(self, n: int = 1, *, density: str | None = None, seed: int | None = None) -> np.ndarray:
        """Samples new images, (n, H, W, C) uint8: codes are drawn from a density and decoded.

        Args:
            n: number of images.
            density: name of a fitted density; None for the model's default.
            seed: seed of the codes; None for `random_state`.

        Raises:
            SettingsError: the density is unknown or not fitted.
        """
        codes = self.density_named(density).sample(n, self.random_state if seed is None else seed)
        return self.inverse_transform(codes)

    def score(self, X: np.ndarray, y: object = None) -> float:
        """The negative mean squared reconstruction error of pixels scaled to 0..1."""
        images = validate_images(X)
        total = 0.0
        for start in range(0, len(images), CHUNK):
            part = images[start : start + CHUNK]
            total += float(np.square((self.reconstruct(part).astype(np.float64) - part) / 255).sum())
        return -total / images.size

    def _write(self, folder: RunFolder) -> None:
        saved.write(folder, self)

    @classmethod
    def _read(cls, folder: RunFolder, device: Device) -> Self:
        return saved.read(cls, folder, device)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _train(self, images: np.ndarray, run: RunOptions) -> None:
        settings = self.settings_
        self.network_ = self._seeded(build, settings.architecture, settings.objective)
        if run.begun is not None:
            saved.begin(run.begun, self)
        batch_size, seed = settings.training.batch_size, settings.training.seed
        training = ImageBatches(images, self.split_.train, batch_size=batch_size, seed=seed)
        validation = ImageBatches(images, self.split_.validation, batch_size=batch_size, seed=seed)
        self._train_network(training, validation_of(training, validation), run, unit="images")

    def _second_stage(self) -> TwoStage | None:
        """The second stage of 2sVAE; None for other models."""
        if model_of_images(self.settings_.model).density != "two-stage":
            return None
        stage = self.density_named("two-stage")
        assert isinstance(stage, TwoStage)  # of that name
        return stage

    def _unfitted(self, name: str) -> Density:
        return unfitted(name, self.settings_)

    def _fitted_densities(self, images: np.ndarray) -> dict[str, Density]:
        rows = self._rows_to_fit(self.split_.train)
        device = self._device()
        network = self.network_.to(device)
        parts = [
            encode_images(network, images[part], device=device) for part in np.array_split(rows, -(-len(rows) // CHUNK))
        ]
        return fit_densities(np.concatenate(parts), self.settings_, progress=bool(self.progress))


def load(path: str | Path, *, device: Device = "auto") -> ImageAutoencoder:
    """Loads a model of images from its run folder or its name under `runs/images/`. See `ImageAutoencoder.load`."""
    return ImageAutoencoder.load(path, device=device)
