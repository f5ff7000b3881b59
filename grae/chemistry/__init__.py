"""Everything that touches RDKit: reading, canonical form, properties, drawing."""

from grae.chemistry.drawing import draw_grid
from grae.chemistry.properties import Properties, properties
from grae.chemistry.reading import (
    KINDS,
    Problem,
    canonical,
    canonical_all,
    invalid_reason,
    kekule_all,
    problem,
    read,
    readable_all,
)

__all__ = [
    "KINDS",
    "Problem",
    "Properties",
    "canonical",
    "canonical_all",
    "draw_grid",
    "invalid_reason",
    "kekule_all",
    "problem",
    "properties",
    "read",
    "readable_all",
]
