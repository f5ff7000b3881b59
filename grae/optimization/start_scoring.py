"""The scores that a user's own target gives the strings to start from; a target that only fails is stopped early."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from grae.errors import DataError
from grae.optimization.scoring import Scorer
from grae.targets.failures import Failures, Outcome, TargetError
from grae.targets.target import Target

FIRST = 10
"""A target that fails on all of so many strings is not called again."""
BATCH = 50
"""Strings that a target of many at once gets before a search, for each worker."""


def user_scores(
    texts: list[str],
    scorer: Scorer,
    *,
    known: Mapping[str, Outcome] | None = None,
    note: Callable[[str, Outcome], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """The scores (n,) float64 of a user's own target, NaN for invalid strings and calls that failed.

    Args:
        texts: the strings, each once.
        scorer: calls the target.
        known: what came of some of them in an earlier session; those are not called again.
        note: called with each string and its outcome, as soon as it is known.
        progress: called with the fraction done.

    Raises:
        DataError: none is valid.
        TargetError: the target failed on each of the first ten, or on all that it gave no score.
    """
    outcomes = {text: known[text] for text in texts if text in known} if known else {}
    tried: list[tuple[str, Outcome]] = []
    scoreless = all(outcome.score is None for outcome in outcomes.values())
    left = [text for text in texts if text not in outcomes]
    size = BATCH * scorer.workers if scorer.batch else len(left)
    for first in range(0, len(left), size or 1):
        part = left[first : first + size]
        for row, outcome in scorer.as_completed(part):
            outcomes[part[row]] = outcome
            tried.append((part[row], outcome))
            if note is not None:
                note(part[row], outcome)
            if len(tried) == FIRST and scoreless and all(outcome.error for _, outcome in tried):
                raise _failing(scorer.target, f"failed on each of the first {FIRST} strings to start from", tried)
            if progress is not None:
                progress(len(outcomes) / len(texts))
    scores = np.array([np.nan if outcomes[text].score is None else outcomes[text].score for text in texts], np.float64)
    if not np.isfinite(scores).any():
        if any(outcome.error for _, outcome in tried):
            raise _failing(scorer.target, f"scores none of {len(texts):,} strings to start from", tried)
        raise scoring_none(scorer.target, len(texts))
    return scores


def scoring_none(target: Target, n: int) -> DataError:
    """The error of a target that gives no string a score."""
    return DataError(
        f"target {target.name} scores none of {n:,} strings to start from",
        remedy="check that it is meant for strings of this grammar",
    )


def _failing(target: Target, what: str, tried: Sequence[tuple[str, Outcome]]) -> TargetError:
    failures = Failures()
    for text, outcome in tried:
        failures.add(text, outcome)
    return TargetError(
        f"target {target.name} {what}: {failures}\nthe first failure was {failures.first}",
        tried,
        remedy="fix the target; strings that it failed on are scored again when the search is resumed (--resume)",
    )
