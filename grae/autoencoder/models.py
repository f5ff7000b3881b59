"""The models of the paper as rows of one table; no model has a class of its own."""

from dataclasses import dataclass

from grae.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the table.

    Attributes:
        bottleneck: its name in `bottlenecks.BOTTLENECKS`.
        regularizer: its name in `regularizers.REGULARIZERS`.
        weighs_embedding: whether L_Z counts; beta is 0 otherwise.
        density: what it is sampled from unless told otherwise, a name in `grae.density.DENSITIES`.
        summary: one line for help texts.
    """

    bottleneck: str
    regularizer: str
    weighs_embedding: bool
    density: str
    summary: str


MODELS: dict[str, Model] = {
    "grae": Model(
        "deterministic", "tikhonov", True, "gmm", "regularized autoencoder on derivations: RAE-L2 on a grammar"
    ),
    "rae-l2": Model("deterministic", "tikhonov", True, "gmm", "RAE with squared weights of the decoder (Tikhonov)"),
    "rae": Model("deterministic", "none", True, "gmm", "RAE without a regularizer of the decoder"),
    "ae-l2": Model("deterministic", "tikhonov", False, "gmm", "plain autoencoder with squared weights of the decoder"),
    "ae": Model("deterministic", "none", False, "gmm", "plain autoencoder"),
}


def model_named(name: str) -> Model:
    """A row of the table.

    Raises:
        SettingsError: there is no such model.
    """
    if name not in MODELS:
        raise SettingsError.unknown("model", name, MODELS)
    return MODELS[name]
