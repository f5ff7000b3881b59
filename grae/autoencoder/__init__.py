"""Bottlenecks, regularizers, their composition, and the table of models. Independent of strings and images.

Names are imported on first use, so that the table of models can be read without torch.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
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

_HOMES = {
    "BOTTLENECKS": "grae.autoencoder.bottlenecks",
    "Bottleneck": "grae.autoencoder.bottlenecks",
    "Code": "grae.autoencoder.bottlenecks",
    "ConstantVariance": "grae.autoencoder.bottlenecks",
    "Deterministic": "grae.autoencoder.bottlenecks",
    "Gaussian": "grae.autoencoder.bottlenecks",
    "Noisy": "grae.autoencoder.bottlenecks",
    "Wasserstein": "grae.autoencoder.bottlenecks",
    "Autoencoder": "grae.autoencoder.composition",
    "MODELS": "grae.autoencoder.models",
    "Model": "grae.autoencoder.models",
    "model_named": "grae.autoencoder.models",
    "once": "grae.autoencoder.normalized",
    "REGULARIZERS": "grae.autoencoder.regularizers",
    "GradientPenalty": "grae.autoencoder.regularizers",
    "Regularizer": "grae.autoencoder.regularizers",
    "SpectralNormalization": "grae.autoencoder.regularizers",
    "Tikhonov": "grae.autoencoder.regularizers",
}
__getattr__ = lazy_getattr(__name__, _HOMES)
