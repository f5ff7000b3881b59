"""The models of the paper as rows of one table; no model has a class of its own."""

from dataclasses import dataclass
from typing import Literal

from grae.errors import SettingsError

Reduction = Literal["sum", "mean"]
"""Reduction of L_Z over the dimensions of a code."""
PENALTIES = ("tikhonov", "gradient-penalty")
"""Names of the regularizers whose L_REG is not 0; their classes import torch."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Default weights and noise of a model on derivations; docs/measurements.md gives the reasons.

    Attributes:
        beta: weight of L_Z.
        lambda_: weight of L_REG.
        noise: scale of the noise on the codes in training; None for a bottleneck without noise.
    """

    beta: float
    lambda_: float = 0.0
    noise: float | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the table.

    Attributes:
        bottleneck: name of the bottleneck in `bottlenecks.BOTTLENECKS`.
        regularizer: name of the regularizer in `regularizers.REGULARIZERS`.
        density: default density of sampling, a name in `grae.density.DENSITIES`.
        summary: one line for help texts.
        ours: defaults of our presets, whose loss is the cross-entropy in nats with L_Z summed over the dimensions.
        paper: defaults of the paper preset, with the published loss and L_Z averaged over the dimensions.
        molecules: defaults of our presets on molecules, if they differ from `ours`.
        characters: whether it models the characters of strings rather than the derivations of a grammar.
        images: defaults on images if a recipe has no weights for the model (`grae.images.recipes`); None for a model
            that only the recipes' weights define on images, or that is for strings only.
    """

    bottleneck: str
    regularizer: str
    density: str
    summary: str
    ours: Defaults
    paper: Defaults
    molecules: Defaults | None = None
    characters: bool = False
    images: Defaults | None = None

    def ours_on(self, language: str | None) -> Defaults:
        """Defaults of our presets on strings of a language."""
        return self.molecules if language == "molecules" and self.molecules is not None else self.ours

    @property
    def weighs_embedding(self) -> bool:
        """Whether the default weight of L_Z is not zero."""
        return self.ours.beta > 0

    @property
    def weighs_regularizer(self) -> bool:
        """Whether there is an L_REG to which lambda applies."""
        return self.regularizer in PENALTIES


RAE, AE = (Defaults(0.01), Defaults(0.001)), (Defaults(0.0), Defaults(0.0))
RAE_L2, AE_L2 = (Defaults(0.01, 1e-7), Defaults(0.001, 1e-7)), (Defaults(0.0, 1e-7), Defaults(0.0, 1e-7))
ON_MOLECULES = Defaults(0.1, 1e-7, noise=1.0)
"""Defaults of "grae": a deterministic code, with noise in training that leaves it enough capacity for molecules."""
RAE_GP = (Defaults(0.01, 1e-4), Defaults(0.001, 1e-5))
VAE = (Defaults(0.1, noise=1.0), Defaults(1.0, noise=1.0))
PUBLISHED_VAE = (Defaults(1.0, noise=0.01), Defaults(1.0, noise=0.01))
CV_VAE = (Defaults(0.1, noise=0.5), Defaults(1.0, noise=0.1))
WAE = (Defaults(1.0), Defaults(1.0))

MODELS: dict[str, Model] = {
    "grae": Model(
        "deterministic",
        "tikhonov",
        "gmm",
        "regularized autoencoder on derivations: RAE-L2 on a grammar",
        *RAE_L2,
        molecules=ON_MOLECULES,
    ),
    "gvae": Model(
        "gaussian",
        "none",
        "normal",
        "variational autoencoder on derivations as published (Kusner et al. 2017): noise of a hundredth of sigma",
        *PUBLISHED_VAE,
    ),
    "gcvvae": Model(
        "constant-variance",
        "none",
        "gmm",
        "constant-variance autoencoder on derivations: CV-VAE on a grammar",
        *CV_VAE,
    ),
    "cvae": Model(
        "gaussian",
        "none",
        "normal",
        "variational autoencoder on characters instead of derivations, noise as published",
        *PUBLISHED_VAE,
        characters=True,
    ),
    "rae-l2": Model("deterministic", "tikhonov", "gmm", "RAE with squared weights of the decoder (Tikhonov)", *RAE_L2),
    "rae-gp": Model(
        "deterministic", "gradient-penalty", "gmm", "RAE with the decoder's squared gradient in the code", *RAE_GP
    ),
    "rae-sn": Model(
        "deterministic", "spectral-norm", "gmm", "RAE with the decoder's weights spectrally normalized", *RAE
    ),
    "rae": Model("deterministic", "none", "gmm", "RAE without a regularizer of the decoder", *RAE),
    "ae-l2": Model("deterministic", "tikhonov", "gmm", "plain autoencoder with squared weights of the decoder", *AE_L2),
    "ae": Model("deterministic", "none", "gmm", "plain autoencoder", *AE),
    "vae": Model("gaussian", "none", "normal", "variational autoencoder, noise at its full scale (a beta-VAE)", *VAE),
    "cv-vae": Model("constant-variance", "none", "gmm", "variational autoencoder with one variance for all", *CV_VAE),
    "wae": Model("wasserstein", "none", "normal", "Wasserstein autoencoder (maximum mean discrepancy)", *WAE),
    "2svae": Model("gaussian", "none", "two-stage", "variational autoencoder, and a second one over its codes", *VAE),
}


def named() -> str:
    """The names of all models for help texts; models on characters are marked."""
    return ", ".join(f"{name} (on characters)" if row.characters else name for name, row in MODELS.items())


def model_named(name: str) -> Model:
    """A row of the table.

    Raises:
        SettingsError: there is no such model.
    """
    if name not in MODELS:
        raise SettingsError.unknown("model", name, MODELS)
    return MODELS[name]
