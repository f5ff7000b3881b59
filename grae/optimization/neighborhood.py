"""Strings that differ too little from known ones to be worth an evaluation, by what their language says they mean."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

from grae.grammar import Grammar
from grae.grammar.codec import Derivations


class Neighborhood:
    """Vectors of known strings and of a round's candidates; a new string is apart from all of them.

    Strings are near each other where no number of their vectors (`Language.vectors`) differs by more than the
    language's tolerance. In a language without vectors or without a tolerance, all strings are apart.

    Args:
        grammar: of the strings, without motifs.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.grammar, self.tolerance = grammar, grammar.language.tolerance
        self._known: list[np.ndarray] = []
        self._round: set[str] | None = None
        self._candidates: list[np.ndarray] = []
        self._tree: KDTree | None = None

    def __bool__(self) -> bool:
        return self.tolerance > 0 and self.grammar.language.vectors is not None

    def learn(self, texts: Sequence[str], derivations: Derivations) -> None:
        """Adds strings that have a score."""
        if self and len(texts):
            self._known.append(self._vectors(texts, derivations))
            self._tree = None

    def apart(self, texts: Sequence[str], derivations: Derivations, here: set[str]) -> np.ndarray:
        """The rows of the strings that are apart from all known, all candidates and each other; they are candidates.

        Of strings near each other, the first is taken.

        Args:
            texts: n strings.
            derivations: theirs.
            here: the set of this round's candidates, as `Reader.new` takes it; another object is another round.
        """
        if here is not self._round:
            self._round, self._candidates = here, []
        if not self or not len(texts):
            return np.arange(len(texts))
        vectors = self._vectors(texts, derivations)
        if self._tree is None and self._known:
            self._known = [np.concatenate(self._known)]
            self._tree = KDTree(self._known[0])
        rows = np.arange(len(texts))
        if self._tree is not None:
            rows = rows[self._far(self._tree, vectors)]
        if self._candidates:
            rows = rows[self._far(KDTree(np.concatenate(self._candidates)), vectors[rows])]
        dropped: set[int] = set()
        for first, second in sorted(KDTree(vectors[rows]).query_pairs(self.tolerance, p=np.inf)):
            if first not in dropped:
                dropped.add(second)
        rows = np.delete(rows, sorted(dropped))
        self._candidates.append(vectors[rows])
        return rows

    def _far(self, tree: KDTree, vectors: np.ndarray) -> np.ndarray:
        """Which vectors have no neighbor in a tree, (n,) bool."""
        # a distance equal to the bound counts as none
        bound = np.nextafter(self.tolerance, np.inf)
        return np.isinf(tree.query(vectors, p=np.inf, distance_upper_bound=bound)[0])

    def _vectors(self, texts: Sequence[str], derivations: Derivations) -> np.ndarray:
        vectors = self.grammar.language.vectors
        assert vectors is not None  # as __bool__ says
        return vectors(self.grammar, texts, derivations)
