"""Bottlenecks, regularizers, their composition, and the table of models. Knows neither strings nor images."""

from grae.autoencoder.bottlenecks import (
    BOTTLENECKS,
    Bottleneck,
    Code,
    ConstantVariance,
    Deterministic,
    Gaussian,
    Noisy,
    Wasserstein,
)
from grae.autoencoder.composition import Autoencoder
from grae.autoencoder.models import MODELS, Model, model_named
from grae.autoencoder.normalized import once
from grae.autoencoder.regularizers import (
    REGULARIZERS,
    GradientPenalty,
    Regularizer,
    SpectralNormalization,
    Tikhonov,
)

__all__ = [
    "BOTTLENECKS",
    "MODELS",
    "REGULARIZERS",
    "Autoencoder",
    "Bottleneck",
    "Code",
    "ConstantVariance",
    "Deterministic",
    "Gaussian",
    "GradientPenalty",
    "Model",
    "Noisy",
    "Regularizer",
    "SpectralNormalization",
    "Tikhonov",
    "Wasserstein",
    "model_named",
    "once",
]
