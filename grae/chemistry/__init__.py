"""Everything that touches RDKit: reading, canonical form, properties, drawing."""

from grae.chemistry.drawing import draw_grid
from grae.chemistry.filters import first_alert, passes_filters
from grae.chemistry.properties import Properties, properties
from grae.chemistry.reading import (
    KINDS,
    RDKIT_VERSION,
    Problem,
    canonical,
    canonical_all,
    invalid_reason,
    kekule_all,
    problem,
    read,
    readable_all,
)
from grae.chemistry.structure import fingerprint, fragments, scaffold

__all__ = [
    "KINDS",
    "RDKIT_VERSION",
    "Problem",
    "Properties",
    "canonical",
    "canonical_all",
    "draw_grid",
    "fingerprint",
    "first_alert",
    "fragments",
    "invalid_reason",
    "kekule_all",
    "passes_filters",
    "problem",
    "properties",
    "read",
    "readable_all",
    "scaffold",
]
