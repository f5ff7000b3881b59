"""What any autoencoder is to scikit-learn: a transformer to latent codes, with densities that are fitted to them."""

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

MOST_CODES = 100_000  # codes that densities are fitted to


N = TypeVar("N", bound=Autoencoder)


@dataclass(frozen=True)
class RunOptions:
    """Where a `fit` saves its run, and what it calls.

    Attributes:
        folder: of the run; None saves nothing.
        resume: whether to resume the run there.
        callbacks: called during the training.
    """

    folder: RunFolder | None = None
    resume: bool = False
    callbacks: Sequence[Callback] = ()

    @classmethod
    def of(cls, run: str | Path | None, resume: bool, callbacks: Sequence[Callback]) -> Self:
        """The options of a call of `fit`, checked.

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
        """The folder of the run that is resumed, if one is."""
        return self.folder if self.resume else None

    @property
    def begun(self) -> RunFolder | None:
        """The folder in which this process is to begin a new run, if there is one."""
        return self.folder if not self.resume and processes.is_main() else None


class LatentEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An estimator whose `fit` trains a network and then fits densities.

    A subclass has `fit`, `transform`, and how its runs are written and read: `_write` and `_read`.

    Attributes:
        settings_: all settings, resolved, with the name of the model's own density in "density".
        network_: the `Autoencoder`.
        densities_: fitted densities by name.
        split_: which rows were trained on, validated on and held back.
        result_: what came of the training; None after `load`.
        about_: where the data come from, with their checksum in "sha256".
        RUNS: where the commands put its runs.
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
        """Writes all that `load` needs into a folder, each file whole or not at all.

        Raises:
            RunError: the file system refuses.
        """
        check_is_fitted(self)
        self._write(RunFolder(path))

    @classmethod
    def load(cls, path: str | Path, *, device: Device = "auto") -> Self:
        """Opens the folder of a run; runs none of its content.

        Args:
            path: the folder, or the name of one where the commands put runs (`RUNS`).
            device: where to compute.

        Raises:
            RunError: there is no such run, or a file of it is missing, truncated or foreign.
        """
        return cls._read(RunFolder(place_named(path, cls.RUNS)), device)

    def score_samples(self, X: Any) -> np.ndarray:
        """The log density of the codes of X, (n,) float64, in nats."""
        density = self.density_named(None)
        return density.log_prob(self.transform(X))  # pyright: ignore[reportAttributeAccessIssue]

    def density_named(self, name: str | None) -> Density:
        """A fitted density; the model's own for None.

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

    def fit_density(self, name: str, X: Any) -> Self:
        """Fits another density to the codes of X; `sample`, `score_samples` and `save` know it from then on.

        Args:
            name: of a density, as `density` takes it; one that is fitted already is refitted.
            X: as for `transform`; what the model was trained on, as a rule.

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
        """A network whose first weights follow `random_state`; torch's global generators stay as they were."""
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
        """Writes the run of a fitted estimator, where it has a folder, in the main process."""
        if run.folder is not None and processes.is_main():
            self.save(run.folder.path)

    def _codes_of(self, X: Any) -> np.ndarray:
        """What `fit_density` fits to."""
        return self.transform(X)  # pyright: ignore[reportAttributeAccessIssue]

    def _unfitted(self, name: str) -> Density:
        return DENSITIES[name]()

    @property
    def _n_features_out(self) -> int:
        return self.network_.bottleneck.latent_dim

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "densities_")

    def _codes(self, X: np.ndarray) -> np.ndarray:
        """Codes (n, D) as float32. Raises DataError: of another width or type, or NaN or infinite values among them."""
        codes = np.asarray(X)
        width = self._n_features_out
        if codes.ndim != 2 or codes.shape[1] != width or codes.dtype.kind not in "fiu":
            raise DataError(
                f"codes have shape {codes.shape} and type {codes.dtype}, not (n, {width}) and numbers",
                remedy=f"give one row of {width} numbers a code, as `transform` does",
            )
        if not np.isfinite(codes).all():
            row = int(np.argmin(np.isfinite(codes).all(axis=1)))
            raise DataError(f"the code in row {row} holds NaN or infinite values", remedy="leave such rows out")
        return codes.astype(np.float32)

    def _rows_to_fit(self, rows: np.ndarray) -> np.ndarray:
        """The rows whose codes densities are fitted to: all of them, or as many as that takes drawn under the seed."""
        if len(rows) <= MOST_CODES:
            return rows
        return np.sort(np.random.default_rng(self.random_state).choice(rows, MOST_CODES, replace=False))

    def _device(self) -> torch.device:
        return torch.device(resolve_device(self.device))
