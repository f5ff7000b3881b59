"""The scikit-learn API of any autoencoder: a transformer to latent codes, with densities fitted to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from grae.autoencoder import Autoencoder
from grae.callbacks.protocol import Callback
from grae.callbacks.reporter import Shown
from grae.datasets.split import Split
from grae.density.base import Density
from grae.density.densities import DENSITIES
from grae.density.noise import Sampled, WithNoise
from grae.errors import DataError, RunError, SettingsError
from grae.paths import RUNS, place_named
from grae.training import processes
from grae.training.batches import Batches
from grae.training.device import resolve_device
from grae.training.loop import train
from grae.training.result import TrainingResult
from grae.training.run_folder import RunFolder
from grae.training.settings import Device
from grae.training.training import Validate

MOST_CODES = 100_000  # codes; larger training sets are subsampled before densities are fitted


N = TypeVar("N", bound=Autoencoder)


@dataclass(frozen=True)
class RunOptions:
    """How `fit` saves its run, and the callbacks of the training.

    Attributes:
        folder: run folder; None saves nothing.
        resume: whether to resume the run in it.
        callbacks: called during training.
    """

    folder: RunFolder | None = None
    resume: bool = False
    callbacks: Sequence[Callback] = ()

    @classmethod
    def of(cls, run: str | Path | None, resume: bool, callbacks: Sequence[Callback]) -> Self:
        """The validated options of a call of `fit`.

        Raises:
            RunError: there is no folder to resume from, or a new run would overwrite one.
        """
        if run is None and resume:
            raise RunError("there is no folder to resume from", remedy="give the folder of the run")
        folder = None if run is None else RunFolder(run)
        if folder is not None and not resume:
            folder.check_unused()
        return cls(folder, resume, callbacks)

    @property
    def resumed(self) -> RunFolder | None:
        """The folder of the resumed run, if any."""
        return self.folder if self.resume else None

    @property
    def begun(self) -> RunFolder | None:
        """The folder in which this process starts a new run, if any."""
        return self.folder if not self.resume and processes.is_main() else None


class LatentEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An estimator whose `fit` trains a network and then fits densities.

    Subclasses implement `fit`, `transform`, and the format of their runs: `_write` and `_read`.

    Attributes:
        settings_: resolved settings; "density" is the name of the model's default density.
        network_: the `Autoencoder`.
        densities_: fitted densities by name.
        split_: rows of the training, validation and test sets.
        result_: outcome of the training; None after `load`.
        about_: provenance of the data, with their checksum in "sha256".
        RUNS: default folder of runs.
    """

    device: Device
    random_state: int
    progress: Shown
    settings_: Any
    network_: Autoencoder
    densities_: dict[str, Density]
    split_: Split
    result_: TrainingResult | None
    about_: dict[str, Any]
    RUNS: ClassVar[Path] = RUNS

    def save(self, path: str | Path) -> None:
        """Saves the model in a folder, from which `load` restores it. Each file is written atomically.

        Raises:
            RunError: a file cannot be written.
        """
        check_is_fitted(self)
        self._write(RunFolder(path))

    @classmethod
    def load(cls, path: str | Path, *, device: Device = "auto") -> Self:
        """Loads a model from its run folder. No code in the folder is executed.

        Args:
            path: the run folder, or its name under `RUNS`.
            device: "auto", "cpu", "cuda" or "mps".

        Raises:
            RunError: there is no such run, or one of its files is missing, truncated or of another format.
        """
        return cls._read(RunFolder(place_named(path, cls.RUNS)), device)

    def score_samples(self, X: Any) -> np.ndarray:
        """The log density of the codes of X under the default density, (n,) float64, in nats."""
        density = self.density_named(None)
        return density.log_prob(self.transform(X))  # pyright: ignore[reportAttributeAccessIssue]

    def density_named(self, name: str | None) -> Density:
        """A fitted density by name; None is the model's default.

        Raises:
            SettingsError: there is no such density.
        """
        check_is_fitted(self)
        name = name or self.settings_.density
        if name in self.densities_:
            return self.densities_[name]
        remedy = "give one of these"
        if name in DENSITIES:
            remedy += f", fit it with fit_density({name!r}, X), or train with density={name!r} (--density {name})"
        known = ", ".join(self.densities_) or "none"
        raise SettingsError(f"no density {name!r} is fitted; there are: {known}", remedy=remedy)

    def sampled_density(self, name: str | None) -> Sampled:
        """The distribution from which `sample` draws codes: a fitted density, plus the noise of training, if any.

        A decoder trained on deterministic codes with noise expects noise, but densities are fitted to codes without it.
        No noise is added to N(0, I), which is the distribution of codes with noise.

        Raises:
            SettingsError: as `density_named`.
        """
        density, noise = self.density_named(name), self._sampling_noise
        return density if noise == 0 or isinstance(density, DENSITIES["normal"]) else WithNoise(density, noise)

    @property
    def _sampling_noise(self) -> float:
        return 0.0

    def fit_density(self, name: str, X: Any) -> Self:
        """Fits another density to the codes of X, for use by `sample`, `score_samples` and `save`.

        Args:
            name: name of the density in `grae.density.DENSITIES`; a fitted one is refitted.
            X: as for `transform`; usually the training data.

        Raises:
            SettingsError: there is no such density.
            DataError: as `transform`.
        """
        check_is_fitted(self)
        DENSITIES.check(name)
        codes = self._codes_of(X)
        codes = codes[self._rows_to_fit(np.arange(len(codes)))]
        self.densities_[name] = self._unfitted(name).fit(codes, self.random_state)
        return self

    def _write(self, folder: RunFolder) -> None:
        raise NotImplementedError

    @classmethod
    def _read(cls, folder: RunFolder, device: Device) -> Self:
        raise NotImplementedError

    def _seeded(self, build: Callable[..., N], *arguments: Any) -> N:
        """A network with initial weights seeded by `random_state`; torch's global generators are left unchanged."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            return build(*arguments)

    def _train_network(
        self, batches: Batches, validate: Validate, run: RunOptions, *, unit: str, reserve: float = 0.0
    ) -> None:
        """Trains `network_` under `settings_.training`; arguments and errors as `train`."""
        self.densities_ = {}  # so that callbacks can encode and decode
        self.result_ = train(
            self.network_,
            batches,
            self.settings_.training,
            validate=validate,
            run=run.folder,
            resume=run.resume,
            progress=self.progress,
            unit=unit,
            reserve=reserve,
            callbacks=run.callbacks,
            about={"data": self.about_, **self.settings_.model_dump(mode="json")},
        )

    def _save_run(self, run: RunOptions) -> None:
        """Saves the fitted estimator in its run folder, if there is one, in the main process."""
        if run.folder is not None and processes.is_main():
            self.save(run.folder.path)

    def _codes_of(self, X: Any) -> np.ndarray:
        """The codes to which `fit_density` fits a density, (n, D) float32."""
        return self.transform(X)  # pyright: ignore[reportAttributeAccessIssue]

    def _unfitted(self, name: str) -> Density:
        return DENSITIES[name]()

    @property
    def _n_features_out(self) -> int:
        return self.network_.bottleneck.latent_dim

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "densities_")

    def _codes(self, X: np.ndarray) -> np.ndarray:
        """Validated codes, (n, D) float32. Raises DataError: wrong shape or dtype, or NaN or infinite values."""
        codes = np.asarray(X)
        width = self._n_features_out
        if codes.ndim != 2 or codes.shape[1] != width or codes.dtype.kind not in "fiu":
            raise DataError(
                f"codes have shape {codes.shape} and dtype {codes.dtype}; expected (n, {width}) numbers",
                remedy=f"give one row of {width} numbers per code, as `transform` returns",
            )
        if not np.isfinite(codes).all():
            row = int(np.argmin(np.isfinite(codes).all(axis=1)))
            raise DataError(f"the code in row {row} contains NaN or infinite values", remedy="drop such rows")
        return codes.astype(np.float32)

    def _rows_to_fit(self, rows: np.ndarray) -> np.ndarray:
        """The rows to whose codes densities are fitted: all, or `MOST_CODES` of them sampled with `random_state`."""
        if len(rows) <= MOST_CODES:
            return rows
        return np.sort(np.random.default_rng(self.random_state).choice(rows, MOST_CODES, replace=False))

    def _device(self) -> torch.device:
        return torch.device(resolve_device(self.device))
