"""Rules of a language beyond its grammar, kept while a string is decoded: for SMILES, that it is a molecule.

A grammar says which strings are in the language; that a ring closes, or that an atom has no more bonds than it can, no
context-free grammar says. A language automaton does, and here every production that a decoder takes is checked against
it: is there, after this one, still a way to a valid end? There always is one, so that every code decodes into a valid
string, without rejection or resampling.
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
