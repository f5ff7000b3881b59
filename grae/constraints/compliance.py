"""Finds strings that violate their language's rules beyond the grammar, which a constrained decoder cannot write."""

from functools import lru_cache
from typing import Any

import numpy as np
from numba import boolean, int64, void

from grae.compilation import compiled
from grae.constraints.automaton import FUNCTIONS, VECTOR, Automaton
from grae.constraints.constraint import MOST_ROOM, Rules, automaton_of
from grae.constraints.expansion import expand
from grae.constraints.packing import packed
from grae.grammar import Grammar
from grae.grammar.codec import Derivations

BATCH = 16_384  # derivations per compiled call
_START, _CONSUME, _ACCEPTS, _COPY, _OBLIGATIONS, _PENDING = FUNCTIONS


def breaks_rules(grammar: Grammar, derivations: Derivations) -> np.ndarray:
    """Whether the string of each derivation violates the rules of its language.

    SMILES are read in Kekule form: aromatic atoms and bonds violate the rules (see `grae.constraints.smiles`).

    Args:
        grammar: a grammar with or without motifs.
        derivations: complete leftmost derivations of it.

    Returns:
        (n,) bool; all False if the language has no rules beyond its grammar.
    """
    breaks = np.zeros(len(derivations), bool)
    automaton, program = _reader(grammar)
    if automaton is None:
        return breaks
    for first in range(0, len(derivations), BATCH):
        batch = derivations[first : first + BATCH]
        longest = int(batch.lengths.max(initial=0))
        stack = np.zeros(2 + longest * int(grammar.tables.rhs.shape[1]), np.int32)
        arguments: tuple[Any, ...] = (
            automaton.start,
            automaton.consume,
            automaton.accepts,
            automaton.tables,
            program,
            np.zeros(automaton.size, np.int32),
            stack,
            grammar.tables.start,
            np.ascontiguousarray(batch.ids, np.int64),
            np.ascontiguousarray(batch.offsets, np.int64),
            breaks[first : first + BATCH],
        )
        _read(*arguments)
    return breaks


@lru_cache(maxsize=4)
def _reader(grammar: Grammar) -> tuple[Automaton | None, np.ndarray]:
    """The automaton of the grammar's language, with the maximum room of a decoder, and the packed rules."""
    return automaton_of(grammar, MOST_ROOM), packed([*Rules.of(grammar)])


@compiled(
    void(_START, _CONSUME, _ACCEPTS, VECTOR, VECTOR, VECTOR, VECTOR, int64, int64[::1], int64[::1], boolean[::1]),
)
def _read(start, consume, accepts, tables, program, state, stack, symbol, ids, offsets, broken):
    """Reads the strings of derivations and marks those that are rejected or incomplete."""
    for row in range(offsets.size - 1):
        start(tables, state)
        stack[0] = symbol
        height = 1
        for place in range(offsets[row], offsets[row + 1]):
            height = expand(consume, tables, program, state, stack, height, ids[place])
            if height < 0:
                break
        broken[row] = height != 0 or not accepts(tables, state)
