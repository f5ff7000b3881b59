"""Everything that uses RDKit: reading, canonical form, properties, depiction."""

from grae.chemistry.drawing import draw_grid
from grae.chemistry.filters import first_alert, passes_filters
from grae.chemistry.properties import (
    Properties,
    drug_likeness,
    largest_ring,
    log_p,
    molecular_weight,
    properties,
    synthetic_accessibility,
)
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
from grae.chemistry.vector import atoms_of, drawing

__all__ = [
    "KINDS",
    "RDKIT_VERSION",
    "Problem",
    "Properties",
    "atoms_of",
    "canonical",
    "canonical_all",
    "draw_grid",
    "drawing",
    "drug_likeness",
    "fingerprint",
    "first_alert",
    "fragments",
    "invalid_reason",
    "kekule_all",
    "largest_ring",
    "log_p",
    "molecular_weight",
    "passes_filters",
    "problem",
    "properties",
    "read",
    "readable_all",
    "scaffold",
    "synthetic_accessibility",
]
