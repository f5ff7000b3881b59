"""Diversity of results: a maximum number per scaffold, or a maximum similarity to better results.

scaffold:5        molecules: at most 5 per Bemis-Murcko scaffold, without stereochemistry; acyclic ones count as one
similarity:0.6    no Tanimoto similarity to a better result above 0.6 (Morgan fingerprints of radius 2); for other
                  languages the similarity of derivations
derivation:0.6    the same with the min-max similarity of counted fragments of derivations, in any grammar
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from grae.errors import SettingsError
from grae.grammar import codec
from grae.grammar.fragments import fragments
from grae.grammar.sparse_counts import Counts, min_max_and_products

if TYPE_CHECKING:
    from grae.grammar import Grammar

KINDS = ("scaffold", "similarity", "derivation")
REMEDY = "give scaffold:5, similarity:0.6 or derivation:0.6"
MOST_RESULTS = 1_000
"""Number of best strings among which results are chosen."""


class Rule(NamedTuple):
    """A diversity rule.

    Attributes:
        kind: one of `KINDS`.
        limit: maximum number of strings per scaffold, or maximum similarity.
    """

    kind: str
    limit: float

    @classmethod
    def read(cls, text: str, grammar: "Grammar") -> "Rule":
        """Parses a rule such as "scaffold:5", for strings of a grammar.

        Raises:
            SettingsError: the text is not a rule, or the rule does not apply to the grammar.
        """
        kind, _, value = text.strip().partition(":")
        if kind not in KINDS:
            raise SettingsError.unknown("diversity (--diversity)", kind, KINDS, otherwise=REMEDY)
        try:
            limit = float(value)
        except ValueError:
            raise SettingsError(f"diversity (--diversity) {text!r}: {value!r} is no number", remedy=REMEDY) from None
        if kind == "scaffold":
            if not grammar.language.is_molecular:
                message = f"diversity (--diversity) {text!r}: {grammar.name!r} is not a grammar of molecules"
                raise SettingsError(message, remedy="give derivation:0.6")
            if not (limit >= 1 and limit == int(limit)):
                message = f"diversity (--diversity) {text!r}: at most {value} of a scaffold"
                raise SettingsError(message, remedy="give a whole number of at least 1")
        elif not 0 <= limit < 1:
            message = f"diversity (--diversity) {text!r}: a similarity of {value}"
            raise SettingsError(message, remedy="give one from 0 up to, but not, 1")
        return cls(kind, limit)


class Results(Protocol):
    """The results so far, against which further strings are checked."""

    def admits(self, text: str) -> bool:
        """Whether a string differs enough from the results."""
        ...

    def add(self, text: str) -> None:
        """Adds a string."""
        ...


class Diversity:
    """Selects diverse strings by a rule.

    Args:
        text: the rule; see the module's docstring.
        grammar: grammar of the strings.

    Raises:
        SettingsError: as `Rule.read`.
    """

    def __init__(self, text: str, grammar: "Grammar") -> None:
        self.text, self.rule, self.grammar = text, Rule.read(text, grammar), grammar.plain
        self.scored = self._none()

    def __repr__(self) -> str:
        return f"Diversity({self.text!r})"

    def chosen(self, texts: Sequence[str]) -> list[int]:
        """The indices of the results among strings, best first; only the first `MOST_RESULTS` are considered."""
        results = self._none()
        places: list[int] = []
        for place, text in enumerate(texts[:MOST_RESULTS]):
            if results.admits(text):
                results.add(text)
                places.append(place)
        return places

    def admit(self, texts: Sequence[str]) -> np.ndarray:
        """Which strings may be scored, given the results so far, (n,) bool."""
        return np.array([self.scored.admits(text) for text in texts], bool)

    def learn(self, texts: Sequence[str]) -> None:
        """Adds scored strings that are likely results."""
        for text in texts:
            self.scored.add(text)

    def _none(self) -> Results:
        if self.rule.kind == "scaffold":
            return Scaffolds(int(self.rule.limit))
        if self.rule.kind == "similarity" and self.grammar.language.is_molecular:
            return Molecules(self.rule.limit)
        return Derivations(self.rule.limit, self.grammar)


class Scaffolds:
    """Molecules with a maximum number per scaffold."""

    def __init__(self, most: int) -> None:
        self.most, self.numbers = most, Counter[str]()

    def admits(self, text: str) -> bool:
        """See Results."""
        return self.numbers[self._scaffold(text)] < self.most

    def add(self, text: str) -> None:
        """See Results."""
        self.numbers[self._scaffold(text)] += 1

    def _scaffold(self, text: str) -> str:
        from grae.chemistry import read
        from grae.chemistry.structure import murcko

        molecule = read(text)
        return "" if molecule is None else murcko(molecule, isomeric=False) or ""


class Molecules:
    """Molecules with a maximum similarity."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.prints = np.empty((0, 16), np.uint64)

    def admits(self, text: str) -> bool:
        """See Results."""
        from grae.evaluation.tanimoto import nearest

        print_ = self._print(text)
        return not len(self.prints) or bool(nearest(print_, self.prints)[0] <= self.most)

    def add(self, text: str) -> None:
        """See Results."""
        self.prints = np.concatenate([self.prints, self._print(text)])

    def _print(self, text: str) -> np.ndarray:
        from grae.chemistry import fingerprint, read

        molecule = read(text)
        return np.zeros((1, 16), np.uint64) if molecule is None else fingerprint(molecule)[None]


class Derivations:
    """Strings of any grammar with a maximum similarity of derivations."""

    def __init__(self, most: float, grammar: "Grammar") -> None:
        self.most, self.grammar = most, grammar
        self.counts: Counts | None = None

    def admits(self, text: str) -> bool:
        """See Results."""
        counts = self._count(text)
        if counts is None or self.counts is None:
            return True
        return bool(min_max_and_products(counts, self.counts)[0, :, 0].max() <= self.most)

    def add(self, text: str) -> None:
        """See Results."""
        counts = self._count(text)
        if counts is not None:
            self.counts = counts if self.counts is None else Counts.join([self.counts, counts])

    def _count(self, text: str) -> Counts | None:
        encoded = codec.encode(self.grammar, [text], on_invalid="skip")
        return fragments(self.grammar, encoded.derivations) if len(encoded.rows) else None
