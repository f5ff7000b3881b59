"""The table of densities. Imports nothing heavy."""

from typing import TYPE_CHECKING

from grae.lazy_imports import Table

if TYPE_CHECKING:
    from grae.density.base import Density

DENSITIES: "Table[type[Density]]" = Table(
    "density",
    {
        "gmm": ("grae.density.gaussians:Mixture", "ten Gaussians"),
        "gmm-auto": ("grae.density.auto_mixture:AutoMixture", "mixture sized by held-out likelihood"),
        "gaussian": ("grae.density.gaussians:Gaussian", "one Gaussian"),
        "flow": ("grae.density.flow:SplineFlow", "a normalizing flow"),
        "gaussianization": ("grae.density.gaussianization:Gaussianization", "rotations and splines"),
        "geometry": ("grae.density.geometry:Geometry", "random walks from codes under a Riemannian metric"),
        "normal": ("grae.density.normal:StandardNormal", "N(0, I)"),
        "two-stage": ("grae.density.two_stage:TwoStage", "a VAE of the codes"),
    },
)
"""The densities by their names in commands and files."""
RENAMED = {"gmm-chosen": "gmm-auto"}
"""Current names of densities in older files."""

ALWAYS = ("gmm", "gaussian", "normal")
"""Densities fitted to every model, in addition to its default; the others take minutes."""

ALL = "all"
"""Names all fitted densities."""


def names_in(densities: str | None) -> list[str]:
    """The distinct densities in a comma-separated list; empty for None and "all"."""
    if densities is None or densities == ALL:
        return []
    return list(dict.fromkeys(name.strip() for name in densities.split(",")))
