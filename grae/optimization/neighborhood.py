"""Filter of strings that are too similar to known ones to be worth an evaluation, by their language's vectors."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

from grae.grammar import Grammar
from grae.grammar.codec import Derivations


class Neighborhood:
    """Vectors of the known strings and of a round's candidates, which new strings must be apart from.

    Two strings are near each other if no component of their vectors (`Language.vectors`) differs by more than the
    language's tolerance, and apart otherwise. In a language without vectors or tolerance, all strings are apart.

    Args:
        grammar: grammar of the strings, without motifs.
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
        """Adds strings with a score."""
        if self and len(texts):
            self._known.append(self._vectors(texts, derivations))
            self._tree = None

    def apart(self, texts: Sequence[str], derivations: Derivations, here: set[str]) -> np.ndarray:
        """The rows of the strings that are apart from the known strings, the candidates and each other.

        Of strings near each other, the first is selected. Selected strings become candidates.

        Args:
            texts: n strings.
            derivations: derivations of the texts.
            here: the set of this round's candidates, as in `Reader.new`. A different set object starts a new round.
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
        # the tree ignores neighbors at exactly the bound
        bound = np.nextafter(self.tolerance, np.inf)
        return np.isinf(tree.query(vectors, p=np.inf, distance_upper_bound=bound)[0])

    def _vectors(self, texts: Sequence[str], derivations: Derivations) -> np.ndarray:
        vectors = self.grammar.language.vectors
        assert vectors is not None  # see __bool__
        return vectors(self.grammar, texts, derivations)
