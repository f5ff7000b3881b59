"""The known strings of a search and its candidates, with their derivations in the plain grammar."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np

from grae.datasets.forms import encode_in_form
from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.optimization.candidates import Known
from grae.optimization.neighborhood import Neighborhood
from grae.optimization.screen import Screen
from grae.optimization.space import LatentSpace


class Strings(NamedTuple):
    """Strings of one plain grammar.

    Attributes:
        texts: n strings.
        forms: their forms, equal for equivalent strings.
        derivations: derivations of the texts.
    """

    texts: list[str]
    forms: list[str]
    derivations: Derivations

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, rows: np.ndarray) -> "Strings":
        """The strings of the given rows."""
        return Strings([self.texts[row] for row in rows], [self.forms[row] for row in rows], self.derivations[rows])

    @classmethod
    def join(cls, parts: Sequence["Strings"], grammar: Grammar) -> "Strings":
        """The concatenation of parts."""
        return cls(
            [text for part in parts for text in part.texts],
            [form for part in parts for form in part.forms],
            Derivations.concatenate([part.derivations for part in parts], grammar.dtype),
        )


class Reader:
    """Prepares strings for comparison: checks them, and gives each valid one a form and a derivation.

    If the language has a spelling in which its rules hold symbol by symbol, derivations are of that spelling: a move in
    a Kekule form gives a valid molecule twice as often as one in a form with aromatic atoms.

    Args:
        space: determines which strings are valid and which are equivalent.
        screen: determines which strings may be proposed.
        usual: maxima of the counts of `Language.unusual`, (K,) int64; None for no limits.
    """

    def __init__(self, space: LatentSpace, screen: Screen, usual: np.ndarray | None = None) -> None:
        plain = space.model.language_grammar_
        self.grammar: Grammar = plain.plain
        self.identities, self.screen, self.usual = space.identities, screen, usual
        self.neighborhood = Neighborhood(self.grammar)
        self.spelling = self.grammar.language.spelling_of_rules

    def valid(self, texts: Sequence[str]) -> list[str | None]:
        """The form of each string; None for an invalid one."""
        return self.identities(texts)

    def read(self, texts: Sequence[str], forms: Sequence[str]) -> tuple[Strings, list[int]]:
        """Valid strings with their forms, without those that the grammar does not derive, and the rows of the rest.

        Molecules are rewritten in RDKit's spelling.
        """
        if self.grammar.language.is_molecular:
            texts = list(forms)
        encoded = encode_in_form(self.grammar, texts, self.spelling, on_invalid="skip")
        rows: list[int] = encoded.rows.tolist()
        return Strings([texts[row] for row in rows], [forms[row] for row in rows], encoded.derivations), rows

    def parsed_once(self) -> AbstractContextManager[None]:
        """See Language."""
        return self.grammar.language.parsed_once()

    def readable(self, texts: Sequence[str]) -> list[str]:
        """The proposed strings that are valid as written; RDKit's form of a few molecules is not."""
        return [text for text, form in zip(texts, self.valid(texts), strict=True) if form is not None]

    def new(self, texts: Sequence[str], known: Known, here: set[str]) -> tuple[Strings, int]:
        """The strings that are valid, admitted, new and apart, each form once, and the number of valid strings.

        Args:
            texts: distinct strings.
            known: the strings with a score.
            here: forms of this round's candidates; new ones are added.
        """
        forms = self.valid(texts)
        chosen: dict[str, str] = {}
        for text, form in zip(texts, forms, strict=True):
            if form is None or form in here or form in chosen or known.holds(text, form):
                continue
            chosen[form] = text
        if self.usual is not None and chosen:
            unusual = np.any(self.grammar.language.unusual(list(chosen.values())) > self.usual, axis=1)
            chosen = {form: text for (form, text), drop in zip(chosen.items(), unusual, strict=True) if not drop}
        found, _ = self.read(list(chosen.values()), list(chosen))
        admitted = np.flatnonzero(self.screen.admit(self.grammar, found.texts, found.derivations))
        found = found.rows(admitted) if len(admitted) < len(found) else found
        apart = self.neighborhood.apart(found.texts, found.derivations, here)
        found = found.rows(apart) if len(apart) < len(found) else found
        here.update(chosen)
        return found, sum(form is not None for form in forms)


def ranks(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Indices into a list of n, best first, drawn log-uniformly, (size,) int64: each decade equally often.

    Source: the selection of Mol GA (Tripp and Hernandez-Lobato, "Genetic algorithms are strong baselines for molecule
    generation", 2023).
    """
    places = (max(n, 2) ** rng.uniform(0, 1, size)).astype(np.int64) - 1
    return np.minimum(places, n - 1)


LEVELS = 100
"""Number of levels between the best value and the median."""


def levels(values: np.ndarray, best: float, median: float) -> np.ndarray:
    """The level of each value, (n,) int64: 0 at the best, `LEVELS` at the median, and so on."""
    width = max(best - median, 1e-12) / LEVELS
    return np.clip(np.floor((best - values) / width), -1e9, 1e9).astype(np.int64)


def by_levels(values: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Indices into a list of values (n,), higher is better and best first, (size,) int64: by level, then uniform.

    Values are divided into levels, and better levels are drawn more often, log-uniformly. A plateau therefore counts as
    one value, however many strings lie on it, and other scores remain represented (as in fitness uniform selection;
    Hutter and Legg, IEEE Transactions on Evolutionary Computation 10, 2006).
    """
    steps = levels(values, float(values[0]), float(np.median(values)))
    begins = np.flatnonzero(np.diff(steps, prepend=-1))
    ends = np.append(begins[1:], len(values))
    level = ranks(len(begins), size, rng)
    return begins[level] + (rng.random(size) * (ends[level] - begins[level])).astype(np.int64)
