"""The interface of language automata, for rules that a grammar cannot express.

A language automaton reads the terminals of a string from left to right, as a derivation emits them. It rejects a
terminal after which no string of the language is possible, and accepts or rejects the string at its end. It consists
of six compiled functions on a state vector of integers, and of words of the language with which plans complete a
string.

The functions are passed by pointer, so that a new language is compiled separately, without recompiling the code that
calls it; each must have the signature below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import boolean, int32, int64, types, void

VECTOR = int32[::1]
START = void(VECTOR, VECTOR)
CONSUME = boolean(VECTOR, VECTOR, int64)
ACCEPTS = boolean(VECTOR, VECTOR)
COPY = void(VECTOR, VECTOR, VECTOR)
OBLIGATIONS = int64(VECTOR, VECTOR, VECTOR)
PENDING = int64(VECTOR, VECTOR, VECTOR, int64)
FUNCTIONS = tuple(types.FunctionType(signature) for signature in (START, CONSUME, ACCEPTS, COPY, OBLIGATIONS, PENDING))
BEGIN, NONTERMINAL = -1, -2  # passed to `pending` instead of a terminal
CONTEXT = 4  # length of its context


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """A language automaton for the terminals of one grammar.

    An *obligation* is something in the string so far that only a certain word can discharge, such as an open ring bond,
    which its number closes. Obligations are identified by labels, 0 to `len(labels) - 1`; writing a label discharges
    its obligation, or creates it if it is not open.

    Attributes:
        tables: int32, constants for the functions.
        size: length of a state.
        start: `void(tables, state)` initializes the state to that of the empty string.
        consume: `boolean(tables, state, terminal)` reads a terminal, by its number in the grammar; False rejects it and
            leaves the state undefined.
        accepts: `boolean(tables, state)`, whether the string may end here.
        copy: `void(tables, source, target)`.
        obligations: `int64(tables, state, labels)` writes the labels of the open obligations and returns their number.
        pending: `int64(tables, state, context, terminal)` is called for the terminals still to be read, in order, and
            returns the label that the terminal completes, or -1. `BEGIN` initializes the context, `CONTEXT` integers,
            from the state; `NONTERMINAL` stands for an unknown string in between.
        labels: the word that discharges each label's obligation.
        usual: one of these words that the grammars of the language contain; the others are substituted for it.
        neutral: words that leave a string complete and its obligations unchanged, for a nonterminal that must derive
            something. They are grouped: a nonterminal uses the first group of which it derives any. Simplest first.
        discharging: gives, for a number of obligations, the ways to discharge them all in one place, each as the text
            before, between and after the labels.
        fillings: words for a template's hole that must not stay empty. An automaton with fillings also reads the marks
            around holes, as three terminals after the grammar's own (`grae.grammar.sentential`): obligations created in
            a hole must be discharged in it, and no others may be.
    """

    tables: np.ndarray
    size: int
    start: Any
    consume: Any
    accepts: Any
    copy: Any
    obligations: Any
    pending: Any
    labels: tuple[str, ...]
    usual: str
    neutral: tuple[tuple[str, ...], ...]
    discharging: Callable[[int], list[tuple[str, ...]]]
    fillings: tuple[str, ...] = ()

    @property
    def planning(self) -> tuple[Any, ...]:
        """The functions used in planning, in the order of the planner's arguments."""
        return self.consume, self.accepts, self.copy, self.obligations, self.pending

    def reads(self, terminals: list[int]) -> bool:
        """Whether a whole string, given as terminal numbers, is in the language."""
        state = np.zeros(self.size, np.int32)
        self.start(self.tables, state)
        return all(self.consume(self.tables, state, number) for number in terminals) and self.accepts(
            self.tables, state
        )
