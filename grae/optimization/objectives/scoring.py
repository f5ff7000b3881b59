"""Several targets called for each string, and their combined score."""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from grae.errors import SettingsError
from grae.optimization.objectives.table import Units
from grae.optimization.scoring import Scorer
from grae.targets.failures import Outcome
from grae.targets.target import Direction, Target

MOST = 4
"""Maximum number of objectives; with more, the nondominated region consists of too many boxes."""


class SeveralTargets:
    """The targets of a search with several objectives; higher combined scores are better.

    Args:
        targets: at least two.

    Raises:
        SettingsError: two have the same name, there are too many, or their languages differ.
    """

    direction: Direction = "maximize"
    worst = -np.inf

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self.names = tuple(target.name for target in targets)
        self.name = ", ".join(self.names)
        for name in self.names:
            if self.names.count(name) > 1:
                raise SettingsError(f"target (--target) {name!r} is given twice", remedy="give each objective once")
        if len(targets) > MOST:
            raise SettingsError(
                f"{len(targets)} targets (--target), at most {MOST}", remedy="join some in a formula, such as 'a + b'"
            )
        languages = {target.language: target.name for target in targets if target.language is not None}
        if len(languages) > 1:
            held = " and ".join(f"{name!r} {language}" for language, name in languages.items())
            raise SettingsError(f"targets (--target) score different strings: {held}", remedy="give only one")
        self.language: str | None = next(iter(languages), None)
        self.own = any(target.own for target in targets)
        self.unbounded = any(getattr(target, "unbounded", False) for target in targets)
        self.signs = np.array([1.0 if target.direction == "maximize" else -1.0 for target in targets])
        self.units: Units | None = None

    def __repr__(self) -> str:
        return f"SeveralTargets({self.name!r})"

    def measured(self, scores: np.ndarray) -> None:
        """Sets the units of the objectives by the scores of the starting strings, (n, m).

        Raises:
            SettingsError: no string has a score for every objective.
        """
        if not np.isfinite(scores).all(axis=1).any():
            raise SettingsError(f"no starting string has a score of each of {self.name}", remedy="check the targets")
        self.units = Units.of(self.names, self.signs, scores)

    def joined(self, scores: np.ndarray) -> np.ndarray:
        """Scores (n, m) combined, (n,): the mean in units of the starting strings; NaN if one is missing."""
        assert self.units is not None  # set by `measured`
        return self.units.joined(scores)

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """See Target."""
        return self.joined(np.column_stack([target.evaluate(strings) for target in self.targets]))


class SeveralScorer:
    """Calls several targets; if one fails, the scores of the others are kept.

    Args:
        target: the targets.
        scorers: the scorer of each target.
    """

    def __init__(self, target: SeveralTargets, scorers: Sequence[Scorer]) -> None:
        self.target, self.scorers = target, list(scorers)
        self.batch = all(scorer.batch for scorer in scorers)
        self.workers = max(scorer.workers for scorer in scorers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Terminates the processes in which the targets are called."""
        for scorer in self.scorers:
            scorer.close()

    def __call__(self, strings: Sequence[str]) -> Iterator[Outcome]:
        """The outcome of each string, in order."""
        outcomes = [list(scorer(strings)) for scorer in self.scorers]
        scores = np.array([[np.nan if one.score is None else one.score for one in of] for of in outcomes], np.float64).T
        joined = self.target.joined(scores.reshape(len(strings), len(self.scorers)))
        for row in range(len(strings)):
            yield self._joined([of[row] for of in outcomes], float(joined[row]))

    def _joined(self, parts: Sequence[Outcome], score: float) -> Outcome:
        named = dict(zip(self.target.names, parts, strict=True))
        failed = next(((name, part) for name, part in named.items() if part.error is not None), None)
        error, traceback = (None, None) if failed is None else (failed[1].error, failed[1].traceback)
        together = next((part.together for part in parts if part.together is not None), None)
        return Outcome(
            score if np.isfinite(score) else None,
            sum(part.seconds for part in parts),
            error,
            traceback,
            together,
            {name: part.score for name, part in named.items()},
        )
