"""Fitting of missing densities of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

from grae.cli.output import note

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder


def with_densities(model: "GrammarAutoencoder", place: Path, requested: str | None) -> "GrammarAutoencoder":
    """As `grae.evaluation.fit_missing_densities`, with messages on stderr."""
    from grae.cli.strings import build
    from grae.evaluation.runs import fit_missing_densities

    return fit_missing_densities(model, place, requested, build=build, tell=note)
