"""Densities over latent codes, fitted after training: fit, sample, log_prob, and a file that holds several."""

from grae.density.base import Density
from grae.density.chosen import ChosenMixture
from grae.density.flow import SplineFlow
from grae.density.gaussians import Gaussian, Mixture
from grae.density.normal import StandardNormal
from grae.density.storage import DENSITIES, load_densities, save_densities
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
