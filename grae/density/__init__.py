"""Densities of latent codes, fitted after training: `fit`, `sample`, `log_prob`, and saving.

Its names are imported on first use, so that the table of densities can be read without numpy.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.density.auto_mixture import AutoMixture
    from grae.density.base import Density
    from grae.density.densities import DENSITIES
    from grae.density.flow import SplineFlow
    from grae.density.gaussianization import Gaussianization
    from grae.density.gaussians import Gaussian, Mixture
    from grae.density.geometry import Geometry
    from grae.density.normal import StandardNormal
    from grae.density.storage import load_densities, save_densities
    from grae.density.two_stage import TwoStage

__all__ = [
    "DENSITIES",
    "AutoMixture",
    "Density",
    "Gaussian",
    "Gaussianization",
    "Geometry",
    "Mixture",
    "SplineFlow",
    "StandardNormal",
    "TwoStage",
    "load_densities",
    "save_densities",
]
_HOMES = {
    "DENSITIES": "densities",
    "AutoMixture": "auto_mixture",
    "Density": "base",
    "Gaussian": "gaussians",
    "Gaussianization": "gaussianization",
    "Geometry": "geometry",
    "Mixture": "gaussians",
    "SplineFlow": "flow",
    "StandardNormal": "normal",
    "TwoStage": "two_stage",
    "load_densities": "storage",
    "save_densities": "storage",
}

__getattr__ = lazy_getattr(__name__, {name: f"{__name__}.{module}" for name, module in _HOMES.items()})
