"""Int32 arrays packed into one vector, since each array argument of a compiled function costs time.

A packed vector begins with the offsets of its parts, so part k is `vector[vector[k] : vector[k + 1]]`, and its element
i is `vector[vector[k] + i]`.
"""

from collections.abc import Sequence

import numpy as np

(
    RHS,
    RHS_FROM,
    LHS,
    WAYS,
    WAYS_FROM,
    SHORTEST,
    TERMINALS,
    ITEMS,
    ITEMS_FROM,
    NEUTRAL,
    NEUTRAL_FROM,
    DISCHARGING,
    DISCHARGING_FROM,
    LABELED,
    LABELED_FROM,
    N_LABELS,
    CHOICES_FROM,
    ALTERNATIVES,
    POPS,
    SYMBOLS_FROM,
    SYMBOLS,
) = range(21)
"""The parts of a program: the fields of `constraint.Rules`, of `completions.Completions`, and of
`grae.grammar.sentential.Choices`."""

(
    FRAMES,  # fields of a frame of the search, `FRAME` numbers each; see below
    PROMISED,  # of each place on the stack: productions in the shortest completion of what is below
    EVENTS,  # place and label, for each label that a pending terminal writes
    LABELS,  # labels to write
    CONTEXT,  # of `Automaton.pending`
    INNER,  # the stack of a completion's derivation
    PLAN,  # its productions
) = range(7)
"""The parts of a workspace."""

(
    PLACE,  # of its nonterminal on the stack
    BEFORE,  # productions of the plan before it
    TURN,  # the completion to try next
    CHANGES,  # frames above that have led on, and take another completion since
    LED_ON,  # whether one of its completions has led on to the next frame
    IS_LAST,  # whether it is the last nonterminal of the string, or of its hole
    FRAME,
) = range(7)
"""The fields of a frame of the search, and their number."""


def packed(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """One int32 vector: the offsets of the parts, one per part; then the parts."""
    begins = np.cumsum([len(vectors), *map(len, vectors)])[:-1]
    return np.concatenate([begins, *vectors]).astype(np.int32)
