"""The plug: what a language must bring so that a decoder can keep more of its rules than a grammar can say.

A language automaton reads the terminals of a string as a derivation emits them, from left to right, and refuses a
terminal after which no string of the language could follow, or accepts the string at its end. It is six compiled
functions over a vector of whole numbers, its state; and some words of the language, with which a plan can end a string.

Its functions are passed by pointer, so that a new language compiles by itself and the machine that asks it stays as it
is: give each the signature below.
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
BEGIN, NONTERMINAL = -1, -2  # in the place of a terminal, for `pending`
CONTEXT = 4  # numbers in its context


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """A language automaton for the terminals of one grammar.

    An *obligation* is something in the string so far that only a certain word can discharge, such as an open ring bond
    that its number closes. Obligations are named by labels, 0 to `len(labels) - 1`; writing a label discharges its
    obligation, or creates it where there is none.

    Attributes:
        tables: int32, what the functions read besides the state.
        size: numbers in a state.
        start: `void(tables, state)` makes the state of the empty string.
        consume: `boolean(tables, state, terminal)` reads a terminal, by its number in the grammar; False refuses it,
            and leaves the state undefined.
        accepts: `boolean(tables, state)`, whether the string may end here.
        copy: `void(tables, source, target)`.
        obligations: `int64(tables, state, labels)` writes the labels of the open obligations and returns how many there
            are.
        pending: `int64(tables, state, context, terminal)` is asked for terminals that are still to be read, in their
            order, and returns the label that the terminal completes, or -1. With `BEGIN` it prepares the context,
            `CONTEXT` numbers, for what comes after the state; with `NONTERMINAL` it hears that something unknown
            stands between.
        labels: the word that discharges each label's obligation.
        usual: one of these that grammars of the language have; others are tried in its place.
        neutral: words that keep or make a string complete where a nonterminal must derive something, and leave the
            obligations as they are, in groups: of each nonterminal those of the first group of which it derives any.
            The most modest first.
        discharging: for a number of obligations, the ways to discharge them all at one place, each as the text before,
            between and behind the labels.
        fillings: words that fill a hole of a template which must not stay empty; an automaton that has some also reads
            the marks around holes, as three terminals past the grammar's own (`grae.grammar.sentential`): what is
            opened in a hole must be discharged there, and nothing else.
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
        """The functions that a search for plans asks, in its order."""
        return self.consume, self.accepts, self.copy, self.obligations, self.pending

    def reads(self, terminals: list[int]) -> bool:
        """Whether a whole string, as the numbers of its terminals, is in the language."""
        state = np.zeros(self.size, np.int32)
        self.start(self.tables, state)
        return all(self.consume(self.tables, state, number) for number in terminals) and self.accepts(
            self.tables, state
        )
