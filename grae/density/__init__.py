"""Densities over latent codes, fitted after training: fit, sample, log_prob, and a file that holds several.

Its names are imported when they are first used, so that a command knows the densities' names without numpy.
"""

from typing import TYPE_CHECKING

from grae.lazily import from_homes

if TYPE_CHECKING:
    from grae.density.base import Density
    from grae.density.chosen import ChosenMixture
    from grae.density.densities import DENSITIES
    from grae.density.flow import SplineFlow
    from grae.density.gaussians import Gaussian, Mixture
    from grae.density.normal import StandardNormal
    from grae.density.storage import load_densities, save_densities
    from grae.density.two_stage import TwoStage

__all__ = [
    "DENSITIES",
    "ChosenMixture",
    "Density",
    "Gaussian",
    "Mixture",
    "SplineFlow",
    "StandardNormal",
    "TwoStage",
    "load_densities",
    "save_densities",
]
_HOMES = {
    "DENSITIES": "densities",
    "ChosenMixture": "chosen",
    "Density": "base",
    "Gaussian": "gaussians",
    "Mixture": "gaussians",
    "SplineFlow": "flow",
    "StandardNormal": "normal",
    "TwoStage": "two_stage",
    "load_densities": "storage",
    "save_densities": "storage",
}

__getattr__ = from_homes(__name__, {name: f"{__name__}.{module}" for name, module in _HOMES.items()})
