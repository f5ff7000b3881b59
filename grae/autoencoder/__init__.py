"""Bottlenecks, regularizers, their composition, and the table of models. Knows neither strings nor images."""

from grae.autoencoder.bottlenecks import BOTTLENECKS, Bottleneck, Code, Deterministic
from grae.autoencoder.composition import Autoencoder
from grae.autoencoder.models import MODELS, Model, model_named
from grae.autoencoder.regularizers import REGULARIZERS, Regularizer

__all__ = [
    "BOTTLENECKS",
    "MODELS",
    "REGULARIZERS",
    "Autoencoder",
    "Bottleneck",
    "Code",
    "Deterministic",
    "Model",
    "Regularizer",
    "model_named",
]
