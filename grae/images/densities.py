"""The densities of models of images, as in the paper's experiments."""

import numpy as np

from grae.callbacks.reporter import stage
from grae.density import DENSITIES, Density, TwoStage
from grae.density.densities import ALWAYS
from grae.images.recipes import model_of_images
from grae.images.settings import Settings


def fit_densities(codes: np.ndarray, settings: Settings, *, progress: bool = False) -> dict[str, Density]:
    """Fits the densities that all models have, the model's own and the default for sampling; by name.

    Args:
        codes: (n, D) float32.
        settings: settings of the model; the seed is that of its training.
        progress: whether to show progress on standard error.
    """
    names = list(dict.fromkeys([*ALWAYS, model_of_images(settings.model).density, settings.density]))
    fitted: dict[str, Density] = {}
    with stage("fitting densities", shown=progress) as done:
        for place, name in enumerate(names):
            done(place / len(names))
            fitted[name] = unfitted(name, settings).fit(codes, settings.training.seed)
    return fitted


def unfitted(name: str, settings: Settings) -> Density:
    """An unfitted density with the recipe's settings."""
    if name == "two-stage":
        # The recipe's weight is that of a KL term next to an error averaged over the D dimensions: see TwoStage.
        return TwoStage(gamma=(settings.second_stage * settings.architecture.latent_dim / 2) ** 0.5)
    return DENSITIES[name]()
