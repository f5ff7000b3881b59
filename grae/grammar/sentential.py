"""Sentential forms: derivations that are fixed in part, as a decoder's stack holds them.

A form is what is left to do, from left to right: productions to take, each before the symbols that it puts there,
terminals to read, and nonterminals to expand freely. So a template, the regrowth of a subtree and a forced prefix of a
derivation are the same to a decoder: stacks to start from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.errors import DerivationError, SettingsError
from grae.grammar.tables import NONE

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

FORCED = 1 << 17  # FORCED + p: production p is taken; it expands nothing, since its right-hand side follows
SEGMENT = 1 << 18  # SEGMENT + k: as nonterminal k, but with the part that follows in the place of its empty derivation
CHOICE = 1 << 19  # CHOICE + c: one of the productions of choice c is taken, such as motifs that reach into a hole
HOLE, CHAIN = -1, -2  # steps that fix nothing: of a nonterminal's derivation, and of the upper part of one
OPENS, OPENS_BONDED, CLOSES = range(3)  # marks around holes, as terminals past the grammar's own


def is_hole(symbol: int) -> bool:
    """Whether a symbol is expanded freely: a nonterminal or a segment."""
    return 0 <= symbol < FORCED or SEGMENT <= symbol < CHOICE


def n_segments(symbols: Iterable[int]) -> int:
    """How many segments a form has."""
    return sum(SEGMENT <= symbol < CHOICE for symbol in symbols)


class Alternative(NamedTuple):
    """A production that may be taken for a choice.

    Attributes:
        production: its id.
        pops: symbols of the form that it takes the place of, the choice among them.
        symbols: these, from left to right.
    """

    production: int
    pops: int
    symbols: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SententialForm:
    """What a derivation starts from.

    Attributes:
        symbols: (n,) int32, from left to right: k for nonterminal k, -(t + 1) for terminal t, where those from K on are
            marks, `FORCED` + p, `SEGMENT` + k and `CHOICE` + c.
        shortest: productions in the shortest derivation of the form, those that are fixed among them.
        choices: the alternatives of choice c; the first takes the place of the choice alone, and has no symbols.
    """

    symbols: np.ndarray
    shortest: int
    choices: tuple[tuple[Alternative, ...], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it has a nonterminal to expand freely."""
        return any(is_hole(symbol) for symbol in self.symbols.tolist())


class Choices(NamedTuple):
    """Choices as flat int32 arrays; A alternatives.

    Attributes:
        choices_from: (C + 1,) where the alternatives of each choice begin.
        productions: (A,) of each alternative.
        pops: (A,) symbols that each takes the place of.
        symbols_from: (A + 1,) where the symbols of each begin.
        symbols: of all, those of each from left to right.
    """

    choices_from: np.ndarray
    productions: np.ndarray
    pops: np.ndarray
    symbols_from: np.ndarray
    symbols: np.ndarray

    @classmethod
    def of(cls, forms: Sequence["SententialForm"]) -> "Choices":
        """The choices of forms, those of each numbered behind those of the forms before it."""
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
        distinct: the forms.
        rows: (B,) int64, the form of each row.
    """

    distinct: tuple[SententialForm, ...]
    rows: np.ndarray

    @property
    def choices(self) -> "Choices":
        """The choices of all distinct forms, one after the other."""
        return Choices.of(self.distinct)

    @property
    def symbols(self) -> list[np.ndarray]:
        """The symbols of each distinct form, with the numbers of `choices`."""
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
        """Raises SettingsError: a form derives no string of at most so many productions."""
        shortest = max(form.shortest for form in self.distinct)
        if shortest > max_length:
            raise SettingsError(
                f"the template has no string of at most {max_length} productions, the longest that the model decodes; "
                f"its shortest has {shortest}",
                remedy="shorten the template",
            )

    def at(self, rows: slice, repeats: int = 1) -> "Forms":
        """The forms of some rows, each so many times."""
        numbers, places = np.unique(np.repeat(self.rows[rows], repeats), return_inverse=True)
        return Forms(tuple(self.distinct[number] for number in numbers.tolist()), places)


def form_of(grammar: "Grammar", steps: Iterable[int]) -> SententialForm:
    """The sentential form that steps of a leftmost derivation lead to.

    Args:
        grammar: with motifs or without.
        steps: production ids, `HOLE` for a nonterminal that stays open, or `CHAIN` for one whose derivation stays open
            down to a descendant of the same nonterminal, with which the next step continues. Nonterminals that are left
            after the last step stay open.

    Raises:
        DerivationError: a step does not expand the nonterminal that is due.
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
    """The form of a derivation without one subtree.

    Args:
        grammar: of the derivation.
        ids: a complete leftmost derivation, (T,).
        node: the step that begins the subtree.
        size: its productions.
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
