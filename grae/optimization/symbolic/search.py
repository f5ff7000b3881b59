"""A genetic search for formulas: moves between derivations, from parents that are good for their size.

Formulas with the same canonical form (`grae.formulas.canonical`) are scored once, unless a later one is smaller;
redundant formulas are not scored.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from grae.errors import GrammarError
from grae.formulas.canonical import canonical
from grae.formulas.program import Program
from grae.formulas.scoring import Scored
from grae.grammar import Grammar, codec
from grae.grammar.codec import Derivations
from grae.grammar.counting import DerivationCounter
from grae.grammar.moves import Moves

SHARES = (0.35, 0.35, 0.15, 0.15)
"""Fractions of the kinds of moves: fragments vary more than in searches that start from data."""
COUNTED = 200
"""Number of formulas drawn from the grammar for the production frequencies of the moves."""
LONGEST_DRAWN = 10
"""Maximum number of productions of a formula drawn from the grammar."""
MOST_NONLINEAR = 2
"""Maximum number of nonlinear constants of a formula."""
ANY = 0.4
"""Fraction of donors drawn uniformly from the known formulas."""
NICHE = 0.3
"""Fraction of parents drawn from the best formulas of each size instead of the best overall."""
PARSIMONY = 0.02
"""Penalty of a parent per production and constant, in units of 16 decades of error."""
PORTION = 4
"""Children generated per formula to score."""
TRIES = 25
LEAST_ERROR = 1e-30
"""Mean squared error, as a fraction of the variance, below which differences are due to rounding."""


class Member(NamedTuple):
    """A scored formula.

    Attributes:
        text: the formula in the grammar's syntax.
        derivation: (T,) production ids.
        loss: mean squared error as a fraction of the variance, at least `LEAST_ERROR`.
        n_constants: number of fitted constants.
    """

    text: str
    derivation: np.ndarray
    loss: float
    n_constants: int


class FormulaSearch:
    """Proposes formulas, as a function of its arguments, the round and the scores of earlier formulas.

    Args:
        grammar: grammar of formulas in the columns of the data.
        read: parses a text as a program.
        variance: variance of the dependent variable.
        max_length: maximum number of productions of a formula.
        max_constants: maximum number of constants of a formula.
        seed: seed of random draws.
        drawn: number of random formulas before the first children.

    Raises:
        GrammarError: the grammar derives no formula that short.
    """

    def __init__(
        self,
        grammar: Grammar,
        read: Callable[[str], Program],
        variance: float,
        *,
        max_length: int,
        max_constants: int,
        seed: int = 0,
        drawn: int = 200,
    ) -> None:
        self.grammar, self.read, self.variance = grammar, read, variance
        self.max_length, self.max_constants, self.seed, self.drawn = max_length, max_constants, seed, drawn
        self._counter = DerivationCounter(grammar, min(max_length, LONGEST_DRAWN))
        self._counts = [self._counter.count(length) for length in range(self._counter.max_length + 1)]
        if not any(self._counts):
            raise GrammarError(
                f"{grammar.name} derives no formula of at most {self._counter.max_length} productions",
                remedy="allow more productions, or give the grammar shorter derivations",
            )
        self.moves = Moves(grammar, self._random(COUNTED, np.random.default_rng(seed)), shares=SHARES)
        self.members: list[Member] = []
        self.n_scored = 0
        self._known: dict[str, int] = {}
        self._derivations: dict[str, np.ndarray] = {}

    def propose(self, number: int, n: int) -> list[str]:
        """At most `n` formulas of round `number`; fewer if new ones are rare."""
        rng = np.random.default_rng([self.seed, number])
        chosen: list[str] = []
        for _ in range(TRIES):
            fresh = self.n_scored + len(chosen) < self.drawn or len(self.members) < 2
            children = self._random(n, rng) if fresh else self._children(PORTION * n, rng)
            for text, derivation in zip(codec.decode(self.grammar, children), children, strict=True):
                if len(chosen) < n and self.admit(text, len(derivation)):
                    self._derivations[text] = np.array(derivation)
                    chosen.append(text)
            if len(chosen) == n:
                break
        return chosen

    def admitted(self, texts: Sequence[str]) -> list[str]:
        """The texts, such as proposals of a model, that are to be scored."""
        encoded = codec.encode(self.grammar, list(dict.fromkeys(texts)), on_invalid="skip")
        chosen: list[str] = []
        for text, derivation in zip(codec.decode(self.grammar, encoded.derivations), encoded.derivations, strict=True):
            if len(derivation) <= self.max_length and self.admit(text, len(derivation)):
                self._derivations[text] = np.array(derivation)
                chosen.append(text)
        return chosen

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """The numbers of productions of formulas that were proposed but not yet scored."""
        return [len(self._derivations[text]) for text in texts]

    def admit(self, text: str, length: int) -> bool:
        """Registers a formula; returns whether to score it: its form is new, or it is smaller than others with it."""
        program = self.read(text)
        nonlinear = program.n_constants - len(program.linear)
        if program.n_constants > self.max_constants or nonlinear > MOST_NONLINEAR:
            return False
        form = canonical(program)
        if form.redundant or self._known.get(form.key, length + 1) <= length:
            return False
        self._known[form.key] = length
        return True

    def tell(self, scored: Sequence[Scored]) -> None:
        """Records scored formulas."""
        self.n_scored += len(scored)
        for one in scored:
            derivation = self._derivations.pop(one.text)
            if np.isfinite(one.error):
                loss = max(one.error / self.variance, LEAST_ERROR)
                self.members.append(Member(one.text, derivation, loss, len(one.constants)))

    def _random(self, n: int, rng: np.random.Generator) -> Derivations:
        """Random derivations, uniform over lengths, and over the derivations of each length."""
        drawn: list[np.ndarray] = []
        for length in rng.choice(np.flatnonzero(self._counts), 2 * n).tolist():
            before = sum(self._counts[:length])
            place = min(int(rng.random() * self._counts[length]), self._counts[length] - 1)
            drawn.append(self._counter.unrank(before + place))
        return Derivations.from_list(drawn, self.grammar.dtype)

    def _children(self, n: int, rng: np.random.Generator) -> Derivations:
        """Children of parents that are good for their size."""
        lengths = np.array([len(member.derivation) for member in self.members])
        losses = np.log10([member.loss for member in self.members])
        costs = losses / 16 + PARSIMONY * (lengths + [member.n_constants for member in self.members])
        order = np.argsort(costs, kind="stable")
        niches = order[np.unique(lengths[order], return_index=True)[1]]
        receivers, donors = _picked(order, niches, n, rng), _picked(order, niches, n, rng)
        anyone = rng.random(n) < ANY
        donors[anyone] = rng.integers(len(order), size=int(anyone.sum()))
        rows, places = np.unique(np.concatenate([receivers, donors]), return_inverse=True)
        derivations = [self.members[row].derivation for row in rows.tolist()]
        parents = self.moves.parents(Derivations.from_list(derivations, self.grammar.dtype))
        return self.moves.children(parents, places[:n], places[n:], rng, max_length=self.max_length)


def _picked(order: np.ndarray, niches: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of parents, (n,): better ones more often, by log-uniform ranks, and some of the best of each size."""
    ranks = np.minimum((len(order) ** rng.random(n)).astype(np.int64) - 1, len(order) - 1)
    rows = order[ranks]
    niched = rng.random(n) < NICHE
    rows[niched] = rng.choice(niches, int(niched.sum()))
    return rows
