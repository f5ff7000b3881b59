"""Complete derivations led through the constrained decoder: where does it refuse their own productions?"""

import numpy as np

from grae.constraints import ConstrainedPushdown, Constraint
from grae.grammar.codec import Derivations

ALLOWED = -1
BATCH = 1024


def first_refused(constraint: Constraint, derivations: Derivations) -> np.ndarray:
    """The first step of each derivation that is refused, (n,) int64; `ALLOWED` where none is.

    Args:
        constraint: the language.
        derivations: complete leftmost derivations.
    """
    steps = np.full(len(derivations), ALLOWED, np.int64)
    for first in range(0, len(derivations), BATCH):
        rows = np.arange(first, min(first + BATCH, len(derivations)))
        steps[rows] = _of_batch(constraint, derivations, rows)
    return steps


def _of_batch(constraint: Constraint, derivations: Derivations, rows: np.ndarray) -> np.ndarray:
    lengths = derivations.lengths[rows]
    ids = derivations.padded(rows, constraint.grammar.pad).astype(np.int64)
    refused = np.full(len(rows), ALLOWED, np.int64)
    machine, active = ConstrainedPushdown(constraint, len(rows)), np.arange(len(rows))
    for step in range(ids.shape[1]):
        scores = np.zeros((len(active), constraint.grammar.n_symbols), np.float32)
        true = ids[active, step]
        scores[np.arange(len(active)), true] = 1
        allowed = machine.expand(scores) == true if step < constraint.max_length else np.zeros(len(active), bool)
        refused[active[~allowed]] = step
        remaining = allowed & (lengths[active] > step + 1)
        machine.keep(remaining.nonzero()[0])
        active = active[remaining]
        if not len(active):
            break
    return refused
