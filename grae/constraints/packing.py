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
    FRAMES,  # frames of the search, `FRAME` fields each; see below
    PROMISED,  # for each stack position, productions in the shortest completion of the symbols below
    EVENTS,  # stack position and label of each label that pending terminals write
    LABELS,  # labels to write
    CONTEXT,  # context of `Automaton.pending`
    INNER,  # stack for the derivation of a completion
    PLAN,  # productions of the plan
) = range(7)
"""The parts of a workspace."""

(
    PLACE,  # stack position of its nonterminal
    BEFORE,  # length of the plan before it
    TURN,  # index of the next completion to try
    CHANGES,  # number of earlier frames that deviate from the first completion that led on
    LED_ON,  # whether one of its completions has led on to the next frame
    IS_LAST,  # whether its nonterminal is the last of the string, or of its hole
    FRAME,
) = range(7)
"""The fields of a frame of the search, and their number."""


def packed(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """One int32 vector: the offsets of the parts, one per part; then the parts."""
    begins = np.cumsum([len(vectors), *map(len, vectors)])[:-1]
    return np.concatenate([begins, *vectors]).astype(np.int32)
