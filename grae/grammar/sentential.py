"""Sentential forms: partially fixed derivations, as on a decoder's stack.

A form lists what remains, left to right: productions to take, each before the symbols that it introduces, terminals to
read, and nonterminals to expand freely. A template, the regrowth of a subtree and a forced prefix of a derivation are
therefore all the same to a decoder: initial stacks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.errors import DerivationError, SettingsError
from grae.grammar.tables import NONE

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

FORCED = 1 << 17  # FORCED + p: take production p; it pushes nothing, since its right-hand side follows
SEGMENT = 1 << 18  # SEGMENT + k: like nonterminal k, but the symbols that follow replace its empty derivation
CHOICE = 1 << 19  # CHOICE + c: take one of the alternatives of choice c, such as motifs that reach into a hole
HOLE, CHAIN = -1, -2  # open steps: a nonterminal's whole derivation, and the upper part of one
OPENS, OPENS_BONDED, CLOSES = range(3)  # marks around holes, numbered as terminals after the grammar's own


def is_hole(symbol: int) -> bool:
    """Whether a symbol is expanded freely: a nonterminal or a segment."""
    return 0 <= symbol < FORCED or SEGMENT <= symbol < CHOICE


def n_segments(symbols: Iterable[int]) -> int:
    """The number of segments of a form."""
    return sum(SEGMENT <= symbol < CHOICE for symbol in symbols)


class Alternative(NamedTuple):
    """A production that may be taken for a choice.

    Attributes:
        production: its id.
        pops: number of symbols of the form that it replaces, including the choice.
        symbols: the symbols that it replaces them with, left to right.
    """

    production: int
    pops: int
    symbols: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SententialForm:
    """The sentential form that a derivation starts from.

    Attributes:
        symbols: (n,) int32, left to right: k for nonterminal k, -(t + 1) for terminal t, where those from K on are
            marks, `FORCED` + p, `SEGMENT` + k and `CHOICE` + c.
        shortest: number of productions in the shortest derivation of the form, including the fixed ones.
        choices: the alternatives of each choice; the first replaces the choice alone, by no symbols.
    """

    symbols: np.ndarray
    shortest: int
    choices: tuple[tuple[Alternative, ...], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the form has a symbol to expand freely."""
        return any(is_hole(symbol) for symbol in self.symbols.tolist())


class Choices(NamedTuple):
    """Choices as flat int32 arrays; A alternatives.

    Attributes:
        choices_from: (C + 1,) offsets of the alternatives by choice.
        productions: (A,) production of each alternative.
        pops: (A,) number of symbols that each replaces.
        symbols_from: (A + 1,) offsets of the symbols by alternative.
        symbols: the symbols of all alternatives, concatenated, each left to right.
    """

    choices_from: np.ndarray
    productions: np.ndarray
    pops: np.ndarray
    symbols_from: np.ndarray
    symbols: np.ndarray

    @classmethod
    def of(cls, forms: Sequence["SententialForm"]) -> "Choices":
        """The choices of several forms, numbered consecutively."""
        shifted, before = [], 0
        for form in forms:
            shifted += [(alternative, before) for choice in form.choices for alternative in choice]
            before += len(form.choices)
        symbols = [
            [symbol + first * (symbol >= CHOICE) for symbol in alternative.symbols] for alternative, first in shifted
        ]
        parts = (
            np.cumsum([0, *(len(choice) for form in forms for choice in form.choices)]),
            [alternative.production for alternative, _ in shifted],
            [alternative.pops for alternative, _ in shifted],
            np.cumsum([0, *map(len, symbols)]),
            [symbol for one in symbols for symbol in one],
        )
        return cls(*(np.array(part, np.int32) for part in parts))


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """The sentential form that each row of a batch starts from.

    Attributes:
        distinct: the distinct forms.
        rows: (B,) int64, the index of each row's form.
    """

    distinct: tuple[SententialForm, ...]
    rows: np.ndarray

    @property
    def choices(self) -> "Choices":
        """The choices of all distinct forms, one after the other."""
        return Choices.of(self.distinct)

    @property
    def symbols(self) -> list[np.ndarray]:
        """The symbols of each distinct form, with choices numbered as in `choices`."""
        before = np.cumsum([0, *(len(form.choices) for form in self.distinct)]).tolist()
        return [
            np.where(form.symbols >= CHOICE, form.symbols + first, form.symbols).astype(np.int32)
            for form, first in zip(self.distinct, before, strict=False)
        ]

    @classmethod
    def of_all(cls, form: SententialForm, batch: int) -> "Forms":
        """One form for all rows."""
        return cls((form,), np.zeros(batch, np.int64))

    @classmethod
    def of_each(cls, forms: Sequence[SententialForm]) -> "Forms":
        """A form for each row."""
        return cls(tuple(forms), np.arange(len(forms)))

    def check(self, max_length: int) -> None:
        """Raises SettingsError if a form derives no string of at most `max_length` productions."""
        shortest = max(form.shortest for form in self.distinct)
        if shortest > max_length:
            raise SettingsError(
                f"the template has no string of at most {max_length} productions, the longest that the model decodes; "
                f"its shortest has {shortest}",
                remedy="shorten the template",
            )

    def at(self, rows: slice, repeats: int = 1) -> "Forms":
        """The forms of some rows, each repeated `repeats` times."""
        numbers, places = np.unique(np.repeat(self.rows[rows], repeats), return_inverse=True)
        return Forms(tuple(self.distinct[number] for number in numbers.tolist()), places)


def form_of(grammar: "Grammar", steps: Iterable[int]) -> SententialForm:
    """The sentential form given by the steps of a leftmost derivation.

    Args:
        grammar: a grammar with or without motifs.
        steps: production ids, `HOLE` for a nonterminal that stays open, or `CHAIN` for one whose derivation stays open
            down to a descendant of the same nonterminal, with which the next step continues. Nonterminals that remain
            after the last step stay open.

    Raises:
        DerivationError: a step does not expand the current nonterminal.
    """
    tables = grammar.tables
    symbols: list[int] = []
    shortest = 0
    waiting = [tables.start]
    for step in steps:
        while waiting and waiting[-1] < 0:
            symbols.append(waiting.pop())
        if not waiting:
            raise DerivationError("the derivation continues after its last nonterminal is expanded")
        nonterminal = waiting.pop()
        if step == HOLE:
            symbols.append(nonterminal)
            shortest += int(tables.shortest[nonterminal])
        elif step == CHAIN:
            symbols.append(SEGMENT + nonterminal)
            waiting.append(nonterminal)
        elif 0 <= step < len(tables.lhs) and tables.lhs[step] == nonterminal:
            symbols.append(FORCED + int(step))
            shortest += 1
            waiting += [symbol for symbol in reversed(tables.rhs[step].tolist()) if symbol != NONE]
        else:
            named = grammar.nonterminals[nonterminal]
            raise DerivationError(f"production {step} of grammar {grammar.name!r} does not expand {named}")
    shortest += sum(int(tables.shortest[symbol]) for symbol in waiting if symbol >= 0)
    return SententialForm(np.array([*symbols, *reversed(waiting)], np.int32), shortest)


def regrown(grammar: "Grammar", ids: Sequence[int] | np.ndarray, node: int, size: int) -> SententialForm:
    """The form of a derivation with one subtree left open.

    Args:
        grammar: the grammar of the derivation.
        ids: a complete leftmost derivation, (T,).
        node: the first step of the subtree.
        size: number of productions of the subtree.
    """
    steps = np.asarray(ids).tolist()
    return form_of(grammar, [*steps[:node], HOLE, *steps[node + size :]])


def segmentable(grammar: "Grammar") -> np.ndarray:
    """Which nonterminals have segments, (N,) bool: those with an empty production and a right-recursive one."""
    tables = grammar.tables
    usable = np.flatnonzero(tables.usable)
    last = tables.rhs[usable, np.maximum(tables.rhs_length[usable] - 1, 0)]
    marks = np.zeros((2, len(grammar.nonterminals)), bool)
    marks[0, tables.lhs[usable[tables.rhs_length[usable] == 0]]] = True
    marks[1, tables.lhs[usable[last == tables.lhs[usable]]]] = True
    return marks[0] & marks[1]
