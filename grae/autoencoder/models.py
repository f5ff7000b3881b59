"""The models of the paper as rows of one table; no model has a class of its own."""

from dataclasses import dataclass
from typing import Literal

from grae.errors import SettingsError

Reduction = Literal["sum", "mean"]
"""Of L_Z over the dimensions of a code."""


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the table.

    Attributes:
        bottleneck: its name in `bottlenecks.BOTTLENECKS`.
        regularizer: its name in `regularizers.REGULARIZERS`.
        weighs_embedding: whether L_Z counts; beta is 0 otherwise.
        density: what it is sampled from unless told otherwise, a name in `grae.density.DENSITIES`.
        summary: one line for help texts.
        characters: whether it models the characters of strings rather than the derivations of a grammar.
    """

    bottleneck: str
    regularizer: str
    weighs_embedding: bool
    density: str
    summary: str
    characters: bool = False


MODELS: dict[str, Model] = {
    "grae": Model(
        "deterministic", "tikhonov", True, "gmm", "regularized autoencoder on derivations: RAE-L2 on a grammar"
    ),
    "gvae": Model("gaussian", "none", True, "normal", "variational autoencoder on derivations: VAE on a grammar"),
    "gcvvae": Model(
        "constant-variance", "none", True, "gmm", "constant-variance autoencoder on derivations: CV-VAE on a grammar"
    ),
    "cvae": Model(
        "gaussian", "none", True, "normal", "variational autoencoder on characters instead of derivations", True
    ),
    "rae-l2": Model("deterministic", "tikhonov", True, "gmm", "RAE with squared weights of the decoder (Tikhonov)"),
    "rae-gp": Model(
        "deterministic", "gradient-penalty", True, "gmm", "RAE with the decoder's squared gradient in the code"
    ),
    "rae-sn": Model(
        "deterministic", "spectral-norm", True, "gmm", "RAE with the decoder's weights spectrally normalized"
    ),
    "rae": Model("deterministic", "none", True, "gmm", "RAE without a regularizer of the decoder"),
    "ae-l2": Model("deterministic", "tikhonov", False, "gmm", "plain autoencoder with squared weights of the decoder"),
    "ae": Model("deterministic", "none", False, "gmm", "plain autoencoder"),
    "vae": Model("gaussian", "none", True, "normal", "variational autoencoder"),
    "cv-vae": Model("constant-variance", "none", True, "gmm", "variational autoencoder with one variance for all"),
    "wae": Model("wasserstein", "none", True, "normal", "Wasserstein autoencoder (maximum mean discrepancy)"),
    "2svae": Model("gaussian", "none", True, "two-stage", "variational autoencoder, and a second one over its codes"),
}


def model_named(name: str) -> Model:
    """A row of the table.

    Raises:
        SettingsError: there is no such model.
    """
    if name not in MODELS:
        raise SettingsError.unknown("model", name, MODELS)
    return MODELS[name]
