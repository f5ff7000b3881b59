"""Diagnostics for grammar authors: ambiguous strings, the savings of motifs, and the terminals expected at an error."""

from collections.abc import Sequence
from contextlib import suppress
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.errors import GrammarError, ParseError, excerpt
from grae.grammar.ambiguity import Ambiguity, Twice
from grae.grammar.cfg import Grammar
from grae.grammar.checks import MOST_SYMBOLS
from grae.grammar.codec import Derivations, decode
from grae.grammar.symbols import Nonterminal

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWS = 1_000
LONGEST_DRAW = 60  # productions
NEAREST = 5
MOTIFS = 100


class Ambiguous(NamedTuple):
    """The number of ambiguous strings in a set.

    Attributes:
        strings: number of strings examined.
        several: number of these with several derivations.
        shortest: the shortest of these; None if there is none.
        empty: nonterminals that derive the empty string in several ways.
    """

    strings: int
    several: int
    shortest: Twice | None
    empty: tuple[Nonterminal, ...]


class Saving(NamedTuple):
    """The savings of motifs.

    Attributes:
        motifs: number of motifs learned.
        before: mean number of productions per derivation.
        after: the same with the motifs.
        longest: number of productions of the longest derivation with the motifs.
    """

    motifs: int
    before: float
    after: float
    longest: int


def ambiguous(grammar: Grammar, texts: Sequence[str]) -> Ambiguous:
    """Looks for strings with several derivations.

    Args:
        grammar: the grammar of the strings.
        texts: strings of the language; duplicates count once.
    """
    ambiguity = Ambiguity(grammar)
    distinct = list(dict.fromkeys(texts))
    several = [twice for twice in ambiguity.second(distinct) if twice is not None]
    shortest = min(several, key=lambda twice: (len(twice.text), twice.text), default=None)
    return Ambiguous(len(distinct), len(several), shortest, ambiguity.empty_twice)


def random_strings(grammar: Grammar, seed: int = 0) -> list[str]:
    """Random strings of a grammar, short and long, for diagnoses without data; at most `DRAWS`."""
    from grae.grammar.uniform_drawing import UniformDraws
    from grae.grammar.weighted_drawing import WeightedDraws

    plain = grammar.plain
    longest = max(LONGEST_DRAW, 2 * plain.analysis.shortest[plain.start])
    drawn = [UniformDraws(plain, min(length, 1_500)).draw(DRAWS // 4, seed) for length in (longest // 2, longest)]
    with suppress(GrammarError):  # raised if hardly any derivation terminates
        drawn.append(WeightedDraws(plain, longest).draw(DRAWS // 2, seed))
    return [text for part in drawn for text in decode(plain, part)]


def saving(
    grammar: Grammar, derivations: Derivations, progress: "Callable[[int, int], None] | None" = None
) -> Saving | None:
    """The savings of `MOTIFS` motifs; None without derivations, or for a grammar with motifs or without room for them.

    Args:
        grammar: the grammar of the derivations.
        derivations: derivations to learn the motifs from and to shorten.
        progress: called after each motif with the number learned and the number requested.
    """
    if grammar.motifs or not len(derivations) or grammar.n_symbols + MOTIFS > MOST_SYMBOLS:
        return None
    from grae.grammar.motifs import learn_motifs
    from grae.grammar.segmentation import Segmenter

    motifs = learn_motifs(grammar, derivations, MOTIFS, progress=progress)
    if not motifs:
        return None
    _, offsets = Segmenter(grammar.extend(motifs)).apply(derivations.ids, derivations.offsets)
    lengths = np.diff(offsets)
    return Saving(len(motifs), float(derivations.lengths.mean()), float(lengths.mean()), int(lengths.max()))


def nearest_expected(error: ParseError, most: int = NEAREST) -> list[str]:
    """The expected terminals most similar to the text at the point of failure.

    Args:
        error: the error of a string outside the language.
        most: maximum number of terminals.
    """

    def likeness(terminal: str) -> float:
        there = error.text[error.position : error.position + len(terminal) + 1]
        return SequenceMatcher(None, terminal.lower(), there.lower(), autojunk=False).ratio()

    return sorted(error.expected, key=lambda terminal: (-likeness(terminal), len(terminal), terminal))[:most]


def fault(grammar: Grammar, text: str) -> str:
    """Where a string leaves the language: its text with a caret, and the nearest terminals expected there."""
    error = grammar.parser.error(text)
    shown = ", ".join(map(repr, nearest_expected(error)))
    more = len(error.expected) - NEAREST
    others = f" and {more} others" if more > 0 else ""
    return excerpt(text, error.position) + (f" expected {shown}{others}" if shown else f" {error.reason}")
