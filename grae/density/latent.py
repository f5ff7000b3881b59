"""What any autoencoder is to scikit-learn: a transformer to latent codes, with densities that are fitted to them."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from grae.autoencoder import Autoencoder
from grae.density.base import Density
from grae.density.storage import DENSITIES
from grae.errors import DataError, SettingsError
from grae.training.device import resolve
from grae.training.settings import Device

MOST_CODES = 100_000  # codes that densities are fitted to


class LatentEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An estimator whose `fit` trains a network and then fits densities; its subclass has that and `transform`.

    Attributes:
        settings_: all settings, resolved, with the name of the model's own density in "density".
        network_: the `Autoencoder`.
        densities_: fitted densities by name.
    """

    device: Device
    random_state: int
    settings_: Any
    network_: Autoencoder
    densities_: dict[str, Density]

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
            name: of a density, as `density` takes it; one that is fitted already is fitted anew.
            X: as for `transform`; what the model was trained on, as a rule.

        Raises:
            SettingsError: there is no such density.
            DataError: as `transform`.
        """
        check_is_fitted(self)
        if name not in DENSITIES:
            raise SettingsError.unknown("density", name, DENSITIES)
        codes = self._codes_of(X)
        codes = codes[self._rows_to_fit(np.arange(len(codes)))]
        self.densities_[name] = self._unfitted(name).fit(codes, self.random_state)
        return self

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
        return torch.device(resolve(self.device))
