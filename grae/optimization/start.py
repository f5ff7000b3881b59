"""The starting strings of a search with their scores, which do not count as evaluations."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae import files
from grae.datasets.locations import cache_home
from grae.errors import DataError, SettingsError
from grae.optimization.objectives.table import Units
from grae.optimization.scoring import Scorer
from grae.optimization.start_scoring import scoring_none, user_scores
from grae.pretrained import start_strings
from grae.targets.curves import CurveTarget
from grae.targets.target import Target
from grae.version import __version__

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

SCORES = "scores"
CHUNK = 500
KEPT_FROM = 2_000  # strings; scores of fewer are computed as quickly as they are read from the cache
PARALLEL_FROM = 50_000  # strings; for fewer, starting processes costs more than it saves
LIMIT, OWN_LIMIT = 20_000, 200
"""Default limits on the number of starting strings for a built-in target and for a user function."""
ALL = 0
"""The limit that stands for no limit."""


class Drawn(NamedTuple):
    """Starting strings.

    Attributes:
        texts: the strings, each once.
        of: number of strings that they were drawn from.
        sampled: number of samples of the model among them; these come last.
    """

    texts: list[str]
    of: int
    sampled: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """Starting strings and their scores.

    Attributes:
        texts: the strings.
        scores: (n,) float64, NaN for invalid strings.
        of: number of strings that they were drawn from; 0 if unknown.
        objectives: the scores of several objectives, (n, m) float64, which `scores` combines; None for a single one.
        units: units of the objectives.
        fulfilled: which strings fulfil the search's condition, (n,) bool; None without a condition.
        sampled: number of samples of the model under the search's template among them; these come last.
    """

    texts: list[str]
    scores: np.ndarray
    of: int = 0
    fulfilled: np.ndarray | None = None
    objectives: np.ndarray | None = None
    units: Units | None = None
    sampled: int = 0

    def __repr__(self) -> str:
        return f"Start({len(self.texts):,} of {self.of:,} strings, {int(np.isfinite(self.scores).sum()):,} valid)"

    def ranked(self, maximize: bool) -> np.ndarray:
        """The rows of the valid strings, best first; of ties, the earlier one first.

        Strings that do not fulfil the condition come last.
        """
        valid = np.flatnonzero(np.isfinite(self.scores))
        ranked = valid[np.argsort(-self.scores[valid] if maximize else self.scores[valid], kind="stable")]
        return ranked if self.fulfilled is None else ranked[np.argsort(~self.fulfilled[ranked], kind="stable")]

    def best(self, maximize: bool) -> tuple[str, float] | None:
        """The best string and its score; None if no string is valid and fulfils the condition."""
        ranked = self.ranked(maximize)
        if len(ranked) and self.fulfilled is not None and not self.fulfilled[ranked[0]]:
            return None
        return (self.texts[ranked[0]], float(self.scores[ranked[0]])) if len(ranked) else None

    def worst_score(self, maximize: bool) -> float | None:
        """The worst score; None if no string is valid."""
        valid = self.scores[np.isfinite(self.scores)]
        return None if not len(valid) else float(valid.min() if maximize else valid.max())

    def worse_half(self, maximize: bool) -> "Start":
        """The strings that score worse than the median of the valid ones, and the invalid strings.

        Raises:
            DataError: there are none.
        """
        median = np.nanmedian(self.scores) if np.isfinite(self.scores).any() else np.nan
        better = self.scores >= median if maximize else self.scores <= median
        rows = np.flatnonzero(~better)
        if not len(rows):
            raise DataError("no starting string scores worse than the median", remedy="start from all of them")
        fulfilled = None if self.fulfilled is None else self.fulfilled[rows]
        objectives = None if self.objectives is None else self.objectives[rows]
        texts = [self.texts[row] for row in rows]
        sampled = int((rows >= len(self.texts) - self.sampled).sum())
        return Start(texts, self.scores[rows], self.of, fulfilled, objectives, self.units, sampled)

    def best_of_each(self, signs: np.ndarray, n: int) -> np.ndarray:
        """Rows of the valid strings that are among the n best in any objective, given the signs of objectives (m,)."""
        assert self.objectives is not None
        valid = np.flatnonzero(np.isfinite(self.scores))
        order = np.argsort(-(self.objectives[valid] * signs), axis=0, kind="stable")[:n]
        return np.unique(valid[order])

    def best_and_spread(self, best: int, spread: int, *, maximize: bool, seed: int) -> np.ndarray:
        """Rows of the best-scoring strings and of random others; valid strings only, in ascending order."""
        order = self.ranked(maximize)
        rest = order[best:]
        drawn = np.random.default_rng(seed).choice(rest, min(spread, len(rest)), replace=False)
        return np.sort(np.concatenate([order[:best], drawn]))


def check_enough(n: int) -> None:
    """Checks that there are enough valid starting strings. Raises DataError: there are fewer than two."""
    if n < 2:
        raise DataError(f"{n} valid strings to start from; a search needs at least 2", remedy="start from more strings")


def limit_of(target: Target, limit: int | None) -> int:
    """The maximum number of starting strings that a target scores; `ALL` for no limit.

    Raises:
        SettingsError: the limit is 1 or negative.
    """
    if limit is None:
        return OWN_LIMIT if target.own else LIMIT
    if limit < 0 or limit == 1:
        raise SettingsError(f"a start limit of {limit}", remedy=f"give at least 2, or {ALL} for no limit")
    return limit


def drawn(texts: Sequence[str], target: Target, limit: int | None = None) -> Drawn:
    """Starting strings.

    If there are more than the limit, the same random subset is used in every search, so that cached scores apply.

    Args:
        texts: the strings.
        target: scores the strings.
        limit: see `limit_of`.

    Raises:
        SettingsError: as `limit_of`.
        DataError: there are no strings.
    """
    most = limit_of(target, limit)
    texts = list(dict.fromkeys(texts))
    of = len(texts)
    if not texts:
        raise DataError("there are no strings to start from", remedy="give some")
    if most != ALL and of > most:
        rows = np.sort(np.random.default_rng(0).choice(of, most, replace=False))
        texts = [texts[row] for row in rows]
    return Drawn(texts, of)


def scored(
    texts: Sequence[str],
    scorer: Scorer,
    *,
    limit: int | None = None,
    n_jobs: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Start:
    """Starting strings (see `drawn`) with their scores; scores of a built-in target are cached.

    Args:
        texts: the strings.
        scorer: calls the target.
        limit: see `limit_of`.
        n_jobs: number of processes for a built-in target, as in joblib; a single one for few strings.
        progress: called with the fraction done.

    Raises:
        SettingsError: as `limit_of`.
        DataError: there are no strings, or none is valid.
        TargetError: the target failed on each of the first ten strings.
    """
    texts, of, _ = drawn(texts, scorer.target, limit)
    if scorer.target.own:
        return Start(texts, user_scores(texts, scorer, progress=progress), of)
    return Start(texts, _built_in_scores(texts, scorer.target, n_jobs, progress), of)


def _built_in_scores(
    texts: list[str], target: Target, n_jobs: int, progress: Callable[[float], None] | None
) -> np.ndarray:
    """The scores (n,) of a built-in target, NaN for invalid strings; scores of many strings are cached.

    Raises:
        DataError: no string is valid.
    """
    place = cache_home() / SCORES / f"{_key(target, texts)}.safetensors"
    if place.is_file():
        return files.read_tensors(place)[0]["scores"]
    parts: list[np.ndarray] = []
    for part in _parts(texts, target, n_jobs):
        parts.append(part)
        if progress is not None:
            progress(sum(map(len, parts)) / len(texts))
    scores = np.concatenate(parts)
    scores[~np.isfinite(scores)] = np.nan
    if np.isnan(scores).all():
        raise scoring_none(target, len(texts))
    if len(texts) >= KEPT_FROM:
        files.write_tensors(place, {"scores": scores}, {"target": target.name})
    return scores


def training_strings(model: "GrammarAutoencoder") -> list[str]:
    """The strings that a model of `grae train` was trained on, from the derivation store recorded in its run.

    For a model without its training strings, such as those included in grae, stored samples are used instead.

    Raises:
        DataError: the model does not record where its training strings are, or they no longer exist.
    """
    from grae.datasets import open_store
    from grae.grammar.codec import decode

    place = getattr(model, "folder_", None)
    own = None if place is None else start_strings(place)
    if own is not None:
        return own
    folder = getattr(model, "about_", {}).get("store")
    if folder is None:
        raise DataError("the model does not say where its training strings are", remedy="give strings to start from")
    return decode(model.language_grammar_, open_store(Path(folder)).derivations[model.split_.train])


def _parts(texts: Sequence[str], target: Target, n_jobs: int) -> Iterator[np.ndarray]:
    """The scores of the strings, a chunk at a time, in order."""
    chunks = [texts[first : first + CHUNK] for first in range(0, len(texts), CHUNK)]
    if n_jobs == 1 or len(texts) < PARALLEL_FROM:
        yield from (np.array(target.evaluate(chunk), np.float64) for chunk in chunks)
        return
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=n_jobs, return_as="generator")
    for scores in work(delayed(target.evaluate)(chunk) for chunk in chunks):
        yield np.array(scores, np.float64)


def _key(target: Target, texts: Sequence[str]) -> str:
    """The cache key of the scores, as hexadecimal digits: a hash of target and strings."""
    from rdkit import rdBase

    digest = hashlib.sha256(f"{__version__} {rdBase.rdkitVersion} {target.name}\n".encode())
    if isinstance(target, CurveTarget):
        digest.update(target.x.tobytes() + target.y.tobytes() + target.grammar.fingerprint.encode())
    for text in texts:
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()
