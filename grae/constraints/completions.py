"""Completions: short derivations with which plans complete a string, computed once per grammar and language.

For each nonterminal, these are derivations of words that leave obligations unchanged (neutral), and of words that
discharge them, with variable labels. They are found by parsing the words with the nonterminal as start symbol, so that
any grammar works. A grammar with motifs has two derivations of many words, with and without motifs: both are used, the
shorter one first, because a motif may contain one label but not another.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from grae.constraints.automaton import Automaton
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal
from grae.grammar.walk import text_and_steps

MOST_OBLIGATIONS = 8  # maximum number that one completion discharges
_Derivation = tuple[int, ...]


class Completions(NamedTuple):
    """The completions as flat int32 arrays; D obligations, L labels.

    Attributes:
        items: production ids of all completions, concatenated; -(s + 1) for a label in setting s.
        items_from: (completions + 1,) offsets of the completions.
        neutral: the neutral completions of each nonterminal, best first.
        neutral_from: (nonterminals + 1,) offsets by nonterminal.
        discharging: completions that discharge obligations.
        discharging_from: (nonterminals * (D + 1) + 1,) offsets by nonterminal and number of obligations.
        labeled: production ids that write a label in a setting.
        labeled_from: (settings * L + 1,) offsets by setting and label; an empty range if there are none.
        n_labels: (1,) L.
    """

    items: np.ndarray
    items_from: np.ndarray
    neutral: np.ndarray
    neutral_from: np.ndarray
    discharging: np.ndarray
    discharging_from: np.ndarray
    labeled: np.ndarray
    labeled_from: np.ndarray
    n_labels: np.ndarray


def completions_of(grammar: Grammar, automaton: Automaton, *, filling: bool = False) -> Completions:
    """Computes the completions of a grammar.

    Args:
        grammar: a grammar with or without motifs.
        automaton: the automaton of its language.
        filling: whether to include neutral completions that fill holes.
    """
    return _CompletionFinder(grammar, automaton, filling).completions()


class _CompletionFinder:
    """Finds derivations of words, and collects them.

    Args:
        grammar: a grammar with or without motifs.
        automaton: the automaton of its language.
        filling: as in `completions_of`.
    """

    def __init__(self, grammar: Grammar, automaton: Automaton, filling: bool) -> None:
        self.grammar = grammar
        self.automaton = automaton
        self.fillings = automaton.fillings if filling else ()
        # production that writes a label, whether its derivation may have motifs -> setting
        self.settings: dict[tuple[int, bool], int] = {}
        self.labeled: list[list[_Derivation]] = []  # replacements by setting and label
        self.items: list[_Derivation] = []

    def completions(self) -> Completions:
        """All completions."""
        neutral: list[list[int]] = []
        discharging: list[list[int]] = []
        for nonterminal in self.grammar.nonterminals:
            found, settling = [], [[] for _ in range(MOST_OBLIGATIONS + 1)]
            if self.grammar.analysis.productive[nonterminal]:
                forms = [_Words(form, nonterminal) for form in (self.grammar, self.grammar.base) if form is not None]
                found = [self._add(derivation) for derivation in self._neutral(forms[0], nonterminal)]
                for n in range(1, MOST_OBLIGATIONS + 1):
                    ways = [items for words in forms for items in self._discharging(words, n)]
                    settling[n] = [self._add(items) for items in dict.fromkeys(sorted(ways, key=len))]
            neutral.append(found)
            discharging += settling
        labeled = [one for of_setting in self.labeled for one in of_setting]
        return Completions(
            *_flat(self.items),
            *_flat(neutral),
            *_flat(discharging),
            *_flat(labeled),
            n_labels=np.array([len(self.automaton.labels)], np.int32),
        )

    def _add(self, items: _Derivation) -> int:
        self.items.append(items)
        return len(self.items) - 1

    def _neutral(self, words: "_Words", nonterminal: Nonterminal) -> Iterator[_Derivation]:
        """The neutral words of the first group that has any, then the shortest derivation, whatever its string."""
        shortest = self._shortest(nonterminal)
        for group in self.automaton.neutral:
            derivations = [derivation for derivation in words.derivations(group) if derivation is not None]
            if derivations:
                derivations += self._filling(nonterminal)
                yield from dict.fromkeys([*derivations, shortest])
                return
        yield shortest

    def _filling(self, nonterminal: Nonterminal) -> list[_Derivation]:
        """Derivations of the words that fill holes, with and without motifs: segments need some without."""
        if not self.fillings:
            return []
        forms = [_Words(form, nonterminal) for form in (self.grammar, self.grammar.base) if form is not None]
        derivations = [derivation for words in forms for derivation in words.derivations(self.fillings)]
        return [derivation for derivation in derivations if derivation is not None]

    def _discharging(self, words: "_Words", n: int) -> list[_Derivation]:
        """Derivations that discharge n obligations."""
        patterns = self.automaton.discharging(n)
        derivations = words.derivations([self.automaton.usual.join(pattern) for pattern in patterns])
        completions = [
            self._with_settings(words, pattern, derivation)
            for pattern, derivation in zip(patterns, derivations, strict=True)
            if derivation is not None
        ]
        return [items for items in completions if items is not None]

    def _with_settings(self, words: "_Words", pattern: tuple[str, ...], derivation: _Derivation) -> _Derivation | None:
        """Replaces the productions of a derivation that write labels by settings; None if one of them writes two."""
        usual = self.automaton.usual
        text, owners = words.text_and_steps(derivation)
        items, position = list(derivation), 0
        for part in pattern[:-1]:
            position += len(part)
            place = owners[position]
            if items[place] < 0:
                return None
            known = (derivation[place], words.has_motifs)
            if known not in self.settings:
                others = [text[:position] + label + text[position + len(usual) :] for label in self.automaton.labels]
                self.settings[known] = self._add_setting(derivation, place, words.derivations(others))
            items[place] = -self.settings[known] - 1
            position += len(usual)
        return tuple(items)

    def _add_setting(self, derivation: _Derivation, place: int, others: Sequence[_Derivation | None]) -> int:
        """Adds a setting: the replacement of a production for each label, empty if the derivation differs elsewhere."""
        head, tail = derivation[:place], derivation[place + 1 :]
        replacements = []
        for other in others:
            end = 0 if other is None else len(other) - len(tail)
            fits = other is not None and end >= place and other[:place] == head and other[end:] == tail
            replacements.append(other[place:end] if fits and other is not None else ())
        self.labeled.append(replacements)
        return len(self.labeled) - 1

    def _shortest(self, nonterminal: Nonterminal) -> _Derivation:
        """A derivation with the fewest productions."""
        analysis = self.grammar.analysis
        pending, ids = [nonterminal], []
        while pending:
            current = pending.pop()
            ways = [p for p in self.grammar.productions if p.lhs == current and analysis.completion(p) is not None]
            production = min(ways, key=lambda p: (analysis.completion(p), p.id))
            ids.append(production.id)
            pending += reversed(production.children)
        return tuple(ids)


class _Words:
    """The words that a nonterminal derives."""

    def __init__(self, grammar: Grammar, nonterminal: Nonterminal) -> None:
        self.has_motifs = grammar.base is not None
        self._grammar = grammar.starting_at(nonterminal)

    def derivations(self, words: Sequence[str]) -> list[_Derivation | None]:
        """The derivation of each word; None if there is none."""
        parsed = self._grammar.parser.parse_batch(words)
        return [
            tuple(parsed.ids[first:last].tolist()) if ok else None
            for first, last, ok in zip(parsed.offsets[:-1], parsed.offsets[1:], parsed.ok, strict=True)
        ]

    def text_and_steps(self, derivation: _Derivation) -> tuple[str, list[int]]:
        """The word of a derivation, and for each character the index of the production that writes it."""
        return text_and_steps(self._grammar, derivation)


def _flat(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Concatenated rows, and their offsets."""
    values = np.array([value for row in rows for value in row], np.int32)
    return values, np.cumsum([0, *map(len, rows)]).astype(np.int32)
