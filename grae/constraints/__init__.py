"""Constrained decoding: rules of a language beyond its grammar, such as the validity of molecules for SMILES.

A context-free grammar cannot express that every ring bond is closed, or that an atom has no more bonds than its
valence allows. An automaton can; the decoder checks every production against it: can the derivation still be completed
to a valid string afterwards? There is always such a production, so every code decodes to a valid string, without
rejection or resampling.
"""

from grae.constraints.compliance import breaks_rules
from grae.constraints.constraint import Constraint, automaton_of, constraint_of
from grae.constraints.labels import written_labels
from grae.constraints.plain import PlainAutomaton
from grae.constraints.pushdown import ConstrainedPushdown

__all__ = [
    "ConstrainedPushdown",
    "Constraint",
    "PlainAutomaton",
    "automaton_of",
    "breaks_rules",
    "constraint_of",
    "written_labels",
]
