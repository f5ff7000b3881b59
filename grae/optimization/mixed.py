"""The default strategy: proposers generate candidates, a surrogate ranks them, and a bandit allocates each round.

Each round, the surrogate is fitted to the best known strings and to a sample of the rest. Every proposer generates new
strings; the bandit allocates a number of evaluations to each, which go to its most promising strings. A string counts
as a success of its proposer if it is better than the median and no known string has its level: another point on a
plateau is not a success. With several objectives, a string that no known string dominates is a success, and each
round draws random weights that determine the best strings, which are the parents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from grae.optimization.bandit import Bandit
from grae.optimization.candidates import Known, Proposal, proposals_of
from grae.optimization.history import Record
from grae.optimization.objectives.table import Units, dominated, nondominated, scalarized
from grae.optimization.population import LEVELS, Reader, Strings, levels
from grae.optimization.predictions import Predictions
from grae.optimization.proposers import Basis, Found, Proposer, Utility
from grae.optimization.ranking import Acquisition, Constrained, Ranker, Ranking, join_rows, take_rows
from grae.optimization.space import LatentSpace
from grae.optimization.start import Start, check_enough
from grae.optimization.strategy import note, timed
from grae.optimization.views import Features, View

if TYPE_CHECKING:
    from grae.conditions import Condition
    from grae.optimization.objectives.ranking import Preference


MANY = 5
"""Candidates per evaluation with a diversity rule, from which the diverse ones are chosen."""


@dataclass(frozen=True, slots=True)
class MixedSettings:
    """How strings are proposed and ranked.

    Attributes:
        best: number of best-scoring starting strings used.
        spread: number of random starting strings used.
        fitted_best: number of best strings that the surrogate is fitted to.
        fitted_rest: number of random others that it is fitted to.
        acquisition: see `Ranking.take`.
        preference: acquisition function for several objectives; see `ParetoRanking`.
        best_each: number of best starting strings used per objective, if there are several.
        leading: number of best strings that are marked as such to the proposers.
    """

    best: int = 200
    spread: int = 2000
    fitted_best: int = 700
    fitted_rest: int = 300
    acquisition: Acquisition = "improvement"
    preference: "Preference" = "hypervolume"
    best_each: int = 100
    leading: int = 200


@runtime_checkable
class Learner(Protocol):
    """Learns from scored strings."""

    def learn(self, texts: Sequence[str], leading: np.ndarray) -> None:
        """Adds scored strings; `leading`, (n,) bool, says which are among the best known."""
        ...


@runtime_checkable
class InSpace(Protocol):
    """Depends on the latent space."""

    def move(self, space: LatentSpace) -> None:
        """Replaces the latent space."""
        ...


class MixedSearch:
    """See the module's docstring.

    Args:
        space: the latent space.
        start: starting strings with their scores.
        known: the strings with a score.
        proposers: the proposers by name.
        views: views of the surrogate; empty for no surrogate.
        maximize: whether higher is better.
        worst: the score of an invalid string.
        reader: prepares strings for comparison.
        units: units of several objectives; None for a single one.
        condition: condition that the starting strings are checked against; None for none.
        seed: seed of random draws.
        settings: how strings are proposed and ranked.
        least: minimum shares of proposers; see `Bandit`.

    Raises:
        DataError: fewer than two valid starting strings.
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
        units: Units | None = None,
        condition: "Condition | None" = None,
        seed: int = 0,
        settings: MixedSettings | None = None,
        least: Mapping[str, float] | None = None,
    ) -> None:
        self.space, self.known, self.seed = space, known, seed
        self.settings = settings or MixedSettings()
        self.proposers, self.views, self.reader = proposers, views, reader
        self.sign = 1.0 if maximize else -1.0
        self.worst, self.units, self.condition = worst, units, condition
        self.seconds = {"candidates": 0.0, "surrogate": 0.0}
        self.bandit = Bandit(list(proposers), least)
        rows = start.best_and_spread(self.settings.best, self.settings.spread, maximize=maximize, seed=seed)
        table = self.sign * start.scores[:, None]
        if units is not None and start.objectives is not None:
            table = start.objectives * units.signs
            rows = np.union1d(rows, start.best_of_each(units.signs, self.settings.best_each))
        texts = [start.texts[row] for row in rows]
        self.strings, self.table = self._valued(texts, dict(zip(texts, table[rows], strict=True)))
        self.violations = np.zeros(len(self.strings))
        if condition is not None:
            self.violations = condition.violation(condition.measure(self.strings.texts))
        self.measured = np.full(len(self.strings), np.nan)
        check_enough(len(self.strings))
        known.add(*self.strings.texts, *self.strings.forms)
        self.features = self._features(self.strings)
        self._teach(self.strings)

    def propose(self, number: int, n: int) -> list[Proposal]:
        """See Strategy."""
        rng = np.random.default_rng([self.seed, number])
        several = self.table.shape[1] > 1
        weights = rng.dirichlet(np.ones(self.table.shape[1])) if several else np.ones(1)
        merits = self._merits(weights)
        order = np.argsort(-merits, kind="stable")
        basis = Basis(self.strings.rows(order), merits[order], self.known, set())
        predictions = None
        if self.views:
            with timed(self.seconds, "surrogate"):
                predictions = Predictions(self._ranking(self._fitted(order, rng), weights), self._features)
        taken: list[tuple[str, str]] = []
        attempts = valid = 0
        quotas = self.bandit.quotas(n, rng)
        for name in [*quotas, *self.proposers]:  # others fill the quota of one that finds too few
            quota = min(quotas.pop(name, n), n - len(taken))
            if quota == 0:
                break
            proposer = self.proposers[name]
            used = predictions if proposer.ranked else None
            with self.reader.parsed_once():
                with timed(self.seconds, "candidates"):
                    proposals = proposer.propose(basis, quota, self._utility(used, rng), rng)
                with timed(self.seconds, "surrogate"):
                    best = self._best(proposals, quota, used, rng)
            attempts, valid = attempts + proposals.attempts, valid + proposals.valid
            taken += [(name, text) for text in self.reader.readable(best)]
        return proposals_of(self.space, [text for _, text in taken], attempts, valid, [name for name, _ in taken])

    def tell(self, records: Sequence[Record]) -> None:
        """See Strategy."""
        succeeded = self._success()
        row_of: dict[str, np.ndarray] = {}
        fulfilled = {record.string: record.fulfilled for record in records}
        for record in records:
            if record.string is None:
                continue
            row_of[record.string] = self._row(record)
            if record.proposer is not None:
                good = record.fulfilled is not False and succeeded(row_of[record.string])
                self.bandit.tell(record.proposer, good)
        self.bandit.age()
        note(self.known, self.space, records)
        strings, table, of_rows = self._read(list(row_of), row_of)
        if len(strings):
            self.strings = Strings.join([self.strings, strings], self.reader.grammar)
            self.table = np.concatenate([self.table, table])
            measured = [fulfilled[text] for text in of_rows]
            self.violations = np.concatenate([self.violations, [float(one is False) for one in measured]])
            known = [np.nan if one is None else float(one) for one in measured]
            self.measured = np.concatenate([self.measured, known])
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
        """Passes the strings added last to the proposers that learn."""
        self.reader.neighborhood.learn(strings.texts, strings.derivations)
        m = self.table.shape[1]
        best = np.argsort(-self._merits(np.full(m, 1 / m)), kind="stable")[: self.settings.leading]
        leading = np.isin(np.arange(len(self.strings) - len(strings), len(self.strings)), best)
        for proposer in self.proposers.values():
            if isinstance(proposer, Learner):
                proposer.learn(strings.texts, leading)

    def _merits(self, weights: np.ndarray) -> np.ndarray:
        """The fitness of strings as parents, (n,): their scores, with a penalty for violations of the condition.

        A violation of one standard deviation counts as much as the difference between the median and the best.
        """
        values = self.table[:, 0] if self.table.shape[1] == 1 else scalarized(self.table, weights)
        fulfilling = self.violations == 0
        if fulfilling.all():
            return values
        compared = values[fulfilling] if fulfilling.any() else values
        return values - self.violations * max(float(compared.max() - np.median(compared)), 1e-12)

    def _ranking(self, rows: np.ndarray, weights: np.ndarray) -> Ranker:
        """The surrogate, fitted to the given rows."""
        features = [take_rows(one, rows) for one in self.features]
        allowed = self.violations[rows] == 0
        if self.table.shape[1] == 1:
            ranking: Ranker = Ranking(self.views, features, self.table[rows, 0], allowed)
        else:
            from grae.optimization.objectives.ranking import ParetoRanking

            preference = self.settings.preference
            ranking = ParetoRanking(self.views, features, self.table[rows], allowed, weights, preference)
        judged = np.flatnonzero(np.isfinite(self.measured))
        if len(set(self.measured[judged].tolist())) < 2:
            return ranking
        known = [take_rows(one, judged) for one in self.features]
        return Constrained(ranking, self.views, known, self.measured[judged] == 1)

    def _row(self, record: Record) -> np.ndarray:
        """The signed scores of a record, (m,)."""
        if self.units is not None:
            return self.units.row(record.scores or dict.fromkeys(self.units.names))
        return np.array([self.sign * (self.worst if record.score is None else record.score)])

    def _success(self) -> Callable[[np.ndarray], bool]:
        """Whether signed scores (m,) are a success; see the module's docstring."""
        if self.table.shape[1] > 1:
            front = self.table[nondominated(self.table)]
            return lambda row: not dominated(row, front)
        values = self.table[:, 0]
        best, median = float(values.max()), float(np.median(values))
        taken = set(levels(values, best, median).tolist())

        def better(row: np.ndarray) -> bool:
            level = int(levels(row, best, median)[0])
            return level < LEVELS and level not in taken

        return better

    def _valued(self, texts: list[str], row_of: Mapping[str, np.ndarray]) -> tuple[Strings, np.ndarray]:
        """The strings that can be read, as the reader writes them, and their signed scores (n, m)."""
        return self._read(texts, row_of)[:2]

    def _read(self, texts: list[str], row_of: Mapping[str, np.ndarray]) -> tuple[Strings, np.ndarray, list[str]]:
        """As `_valued`, with the strings as they were given."""
        forms = self.reader.valid(texts)
        pairs = [(text, form) for text, form in zip(texts, forms, strict=True) if form is not None]
        strings, rows = self.reader.read([text for text, _ in pairs], [form for _, form in pairs])
        given = [pairs[row][0] for row in rows]
        width = 1 if self.units is None else len(self.units.names)
        return strings, np.array([row_of[text] for text in given], np.float64).reshape(len(given), width), given

    def _features(self, strings: Strings) -> list[Features]:
        return [view.features(strings.texts, strings.derivations) for view in self.views]

    def _fitted(self, order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The rows that the surrogate is fitted to, from rows in order of their values."""
        best, rest = order[: self.settings.fitted_best], order[self.settings.fitted_best :]
        return np.concatenate([best, rng.choice(rest, min(self.settings.fitted_rest, len(rest)), replace=False)])

    def _utility(self, predictions: Predictions | None, rng: np.random.Generator) -> Utility | None:
        if predictions is None:
            return None
        ranker, acquisition = predictions.ranker, self.settings.acquisition
        return lambda strings: ranker.promise(predictions.moments(strings), (), rng, acquisition)

    def _best(self, found: Found, n: int, predictions: Predictions | None, rng: np.random.Generator) -> list[str]:
        """The strings to score, at most n."""
        texts = found.strings.texts
        screen = self.space.screen
        wanted = n if screen.diversity is None else MANY * n
        if len(texts) <= n and screen.diversity is None:
            return texts
        acquisition = self.settings.acquisition
        if predictions is None:
            rows = rng.choice(len(texts), min(wanted, len(texts)), replace=False).tolist()
        elif acquisition == "thompson":
            rows = predictions.ranker.take(self._features(found.strings), wanted, rng, acquisition)
        else:
            moments = predictions.moments(found.strings)
            rows = predictions.ranker.most_promising(moments, wanted, rng, acquisition)
        ordered = [texts[row] for row in rows]
        return [ordered[place] for place in screen.apart(ordered, n)]
