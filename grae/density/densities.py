"""The densities by name. Imports nothing heavy."""

from typing import TYPE_CHECKING

from grae.lazy_imports import Table

if TYPE_CHECKING:
    from grae.density.base import Density

DENSITIES: "Table[type[Density]]" = Table(
    "density",
    {
        "gmm": ("grae.density.gaussians:Mixture", "ten Gaussians"),
        "gmm-auto": ("grae.density.auto_mixture:AutoMixture", "as many Gaussians as held-out codes ask for"),
        "gaussian": ("grae.density.gaussians:Gaussian", "one Gaussian"),
        "flow": ("grae.density.flow:SplineFlow", "a normalizing flow"),
        "normal": ("grae.density.normal:StandardNormal", "N(0, I)"),
        "two-stage": ("grae.density.two_stage:TwoStage", "a variational autoencoder of the codes"),
    },
)
"""The densities by the names that commands and files know them by."""
RENAMED = {"gmm-chosen": "gmm-auto"}
"""Names in older files, and what they are called now."""

ALWAYS = ("gmm", "gaussian", "normal")
"""Those that are fitted to every model, beside its own; the others take minutes."""
