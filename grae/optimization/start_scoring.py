"""Scores of the starting strings under a user target; scoring stops early if the target only fails.

A batch target gets the strings in batches. The scores of a batch are available when the call returns, so its size is
adapted to the target's speed: a killed search loses about ten seconds of scoring, or ten strings per worker.
"""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

import numpy as np

from grae.errors import DataError
from grae.optimization.scoring import Scorer
from grae.targets.failures import Outcome, TargetError
from grae.targets.target import Target

FIRST = 10
"""A target that fails on each of the first strings, of this number, is not called again."""
SECONDS = 10.0
"""Desired maximum duration of a call of a batch target, in seconds."""
MOST_TOGETHER = 1_000
"""Maximum number of strings in a call of a batch target."""


def user_scores(
    texts: list[str],
    scorer: Scorer,
    *,
    known: Mapping[str, Outcome] | None = None,
    note: Callable[[str, Outcome], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """The scores (n,) float64 of a user target, NaN for invalid strings and failed calls.

    Args:
        texts: distinct strings.
        scorer: calls the target.
        known: outcomes from before the search was resumed; these strings are not scored again.
        note: called with each string and its outcome, as soon as it is available.
        progress: called with the fraction done.

    Raises:
        DataError: no string is valid.
        TargetError: the target failed on each of the first ten strings, or no string has a score and some calls failed.
    """
    outcomes = {text: known[text] for text in texts if text in known} if known else {}
    tried: list[tuple[str, Outcome]] = []
    scoreless = all(outcome.score is None for outcome in outcomes.values())
    left = [text for text in texts if text not in outcomes]
    each = FIRST if scorer.batch else len(left)
    first = 0
    while first < len(left):
        part = left[first : first + each * scorer.workers]
        first += len(part)
        began = perf_counter()
        for row, outcome in scorer.as_completed(part):
            outcomes[part[row]] = outcome
            tried.append((part[row], outcome))
            if note is not None:
                note(part[row], outcome)
            if len(tried) == FIRST and scoreless and all(outcome.error for _, outcome in tried):
                raise _failing(scorer.target, f"failed on each of the first {FIRST} strings to start from", tried)
            if progress is not None:
                progress(len(outcomes) / len(texts))
        each = _next_size(each, perf_counter() - began)
    scores = np.array([np.nan if outcomes[text].score is None else outcomes[text].score for text in texts], np.float64)
    if not np.isfinite(scores).any():
        if any(outcome.error for _, outcome in tried):
            raise _failing(scorer.target, f"scores none of {len(texts):,} strings to start from", tried)
        raise scoring_none(scorer.target, len(texts))
    return scores


def _next_size(size: int, seconds: float) -> int:
    """The size of the next batch, given the size and the duration of the last: at most doubled, to fit `SECONDS`."""
    fitting = MOST_TOGETHER if seconds <= 0 else int(size * min(SECONDS / seconds, 2.0))
    return max(FIRST, min(2 * size, fitting, MOST_TOGETHER))


def scoring_none(target: Target, n: int) -> DataError:
    """The error of a target that returned no score for any string."""
    return DataError(
        f"target {target.name} scores none of {n:,} strings to start from",
        remedy="check that it is meant for strings of this grammar",
    )


def _failing(target: Target, what: str, tried: Sequence[tuple[str, Outcome]]) -> TargetError:
    return TargetError(
        f"target {target.name} {what}",
        tried,
        remedy="fix the target; strings that it failed on are scored again when the search is resumed (--resume)",
    )
