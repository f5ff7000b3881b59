"""The search: proposers suggest, a surrogate ranks, and a bandit shares out each round among the proposers.

Each round, the surrogate is fitted to the best of what is known and to a part of the rest. Every proposer finds new
strings; of those, it may fill as many places of the round as the bandit gives it, and its most promising ones do. A
string counts as a success of its proposer where it is better than the median and no known string is of its level: one
more point on a plateau is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from grae.optimization.bandit import Bandit
from grae.optimization.candidates import Known, Proposal, proposals_of
from grae.optimization.history import Record
from grae.optimization.population import LEVELS, Reader, Strings, levels
from grae.optimization.proposers import Basis, Found, Proposer, Utility
from grae.optimization.ranking import Acquisition, Ranking, join_rows, take_rows
from grae.optimization.space import LatentSpace
from grae.optimization.start import Start, check_enough
from grae.optimization.strategy import note, timed
from grae.optimization.views import Features, View


@dataclass(frozen=True, slots=True)
class MixedSettings:
    """How strings are proposed and ranked.

    Attributes:
        best: strings of the starting data that take part because they score well.
        spread: strings of the starting data that take part as drawn.
        fitted_best: the best strings, to which the surrogate is fitted.
        fitted_rest: strings of the rest to which it is fitted too, as drawn.
        acquisition: see `Ranking.take`.
    """

    best: int = 200
    spread: int = 2000
    fitted_best: int = 700
    fitted_rest: int = 300
    acquisition: Acquisition = "improvement"


@runtime_checkable
class Learner(Protocol):
    """What takes note of strings that have a score."""

    def learn(self, texts: Sequence[str]) -> None:
        """Takes note of some more."""
        ...


@runtime_checkable
class InSpace(Protocol):
    """What depends on the latent space."""

    def move(self, space: LatentSpace) -> None:
        """Takes another latent space from now on."""
        ...


class MixedSearch:
    """See the head of this module.

    Args:
        space: the latent space.
        start: strings with scores to start from.
        known: the strings that have a score.
        propose: the proposers by name.
        views: what the surrogate sees of strings; none for no surrogate.
        maximize: whether higher is better.
        worst: the score that an invalid string counts as.
        reader: of strings.
        seed: of what is drawn.
        settings: how strings are proposed and ranked.

    Raises:
        DataError: fewer than two valid strings to start from.
    """

    def __init__(
        self,
        space: LatentSpace,
        start: Start,
        known: Known,
        *,
        proposers: Mapping[str, Proposer],
        views: Sequence[View],
        reader: Reader,
        maximize: bool,
        worst: float,
        seed: int = 0,
        settings: MixedSettings | None = None,
    ) -> None:
        self.space, self.known, self.seed = space, known, seed
        self.settings = settings or MixedSettings()
        self.proposers, self.views, self.reader = proposers, views, reader
        self.sign = 1.0 if maximize else -1.0
        self.worst = worst
        self.seconds = {"candidates": 0.0, "surrogate": 0.0}
        self.bandit = Bandit(list(proposers))
        rows = start.best_and_spread(self.settings.best, self.settings.spread, maximize=maximize, seed=seed)
        texts = [start.texts[row] for row in rows]
        value_of = dict(zip(texts, (self.sign * start.scores[rows]).tolist(), strict=True))
        self.strings, self.values = self._valued(texts, value_of)
        check_enough(len(self.strings))
        known.add(*self.strings.texts, *self.strings.forms)
        self.features = self._features(self.strings)
        self._teach(self.strings)

    def propose(self, number: int, n: int) -> list[Proposal]:
        """See Strategy."""
        rng = np.random.default_rng([self.seed, number])
        order = np.argsort(-self.values, kind="stable")
        basis = Basis(self.strings.rows(order), self.values[order], self.known, set())
        ranking = None
        if self.views:
            with timed(self.seconds, "surrogate"):
                rows = self._fitted(order, rng)
                ranking = Ranking(self.views, [take_rows(one, rows) for one in self.features], self.values[rows])
        taken: list[tuple[str, str]] = []
        attempts = valid = 0
        quotas = self.bandit.quotas(n, rng)
        for name in [*quotas, *self.proposers]:  # what one of them cannot fill, any other may
            quota = min(quotas.pop(name, n), n - len(taken))
            if quota == 0:
                break
            proposer = self.proposers[name]
            used = ranking if proposer.ranked else None
            with timed(self.seconds, "candidates"):
                proposals = proposer.propose(basis, quota, self._utility(used, rng), rng)
            attempts, valid = attempts + proposals.attempts, valid + proposals.valid
            with timed(self.seconds, "surrogate"):
                taken += [(name, text) for text in self._best(proposals, quota, used, rng)]
        return proposals_of(self.space, [text for _, text in taken], attempts, valid, [name for name, _ in taken])

    def tell(self, records: Sequence[Record]) -> None:
        """See Strategy."""
        best, median = float(self.values.max()), float(np.median(self.values))
        taken = set(levels(self.values, best, median).tolist())
        value_of: dict[str, float] = {}
        for record in records:
            if record.string is None:
                continue
            value = self.sign * (self.worst if record.score is None else record.score)
            value_of[record.string] = value
            if record.proposer is not None:
                level = int(levels(np.array([value]), best, median)[0])
                self.bandit.tell(record.proposer, level < LEVELS and level not in taken)
        self.bandit.age()
        note(self.known, self.space, records)
        strings, values = self._valued(list(value_of), value_of)
        if len(strings):
            self.strings = Strings.join([self.strings, strings], self.reader.grammar)
            self.values = np.concatenate([self.values, values])
            new = self._features(strings)
            self.features = [join_rows([one, other]) for one, other in zip(self.features, new, strict=True)]
            self._teach(strings)

    def move(self, space: LatentSpace) -> None:
        """See Movable."""
        self.space = space
        for part in (*self.proposers.values(), *self.views):
            if isinstance(part, InSpace):
                part.move(space)
        self.features = self._features(self.strings)

    def _teach(self, strings: Strings) -> None:
        for proposer in self.proposers.values():
            if isinstance(proposer, Learner):
                proposer.learn(strings.texts)

    def _valued(self, texts: list[str], value_of: Mapping[str, float]) -> tuple[Strings, np.ndarray]:
        """Strings as the reader writes them, without those that it cannot read, and their values."""
        forms = self.reader.valid(texts)
        pairs = [(text, form) for text, form in zip(texts, forms, strict=True) if form is not None]
        strings, rows = self.reader.read([text for text, _ in pairs], [form for _, form in pairs])
        return strings, np.array([value_of[pairs[row][0]] for row in rows], np.float64)

    def _features(self, strings: Strings) -> list[Features]:
        return [view.features(strings.texts, strings.derivations) for view in self.views]

    def _fitted(self, order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The rows that the surrogate is fitted to, by the order of values."""
        best, rest = order[: self.settings.fitted_best], order[self.settings.fitted_best :]
        return np.concatenate([best, rng.choice(rest, min(self.settings.fitted_rest, len(rest)), replace=False)])

    def _utility(self, ranking: Ranking | None, rng: np.random.Generator) -> Utility | None:
        if ranking is None:
            return None
        return lambda strings: ranking.utility(self._features(strings), rng, self.settings.acquisition)

    def _best(self, found: Found, n: int, ranking: Ranking | None, rng: np.random.Generator) -> list[str]:
        """The strings to score, at most n."""
        texts = found.strings.texts
        if len(texts) <= n:
            return texts
        if ranking is None:
            return [texts[row] for row in rng.choice(len(texts), n, replace=False)]
        rows = ranking.take(self._features(found.strings), n, rng, self.settings.acquisition)
        return [texts[row] for row in rows]
