"""Sizes of strings in symbols."""

import numpy as np

from grae.grammar import Grammar
from grae.grammar.codec import Derivations


def symbols(grammar: Grammar, derivations: Derivations) -> np.ndarray:
    """The number of terminals of each string, (n,) int64, computed from its derivation."""
    tables = grammar.tables
    written = (tables.rhs_length - tables.n_children).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(written[np.asarray(derivations.ids, np.int64)])])
    return before[derivations.offsets[1:]] - before[derivations.offsets[:-1]]
