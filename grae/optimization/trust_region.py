"""Local search in a trust region around the best string, with restarts.

A round takes steps from the best code of the region, decodes them, keeps the new strings, and encodes each again. Those
whose own codes are nearest to the center form the region; a Gaussian process on the best and the nearest known strings
ranks them by Thompson sampling. Thus the ranked code is the one that is scored, and as nearby strings become known, the
region widens by itself.

After a long time without improvement, the region is abandoned. Every second region starts afresh from a small part of
the starting data; the others use all known strings and start at the best. Scored strings stay known, so that no region
ends where an earlier one did. After Eriksson et al., "Scalable Global Optimization via Local Bayesian Optimization"
(NeurIPS 2019; TuRBO), which searches a box instead of decoded strings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from grae.optimization.candidates import Candidates, Known, Proposal
from grae.optimization.history import Record
from grae.optimization.space import LatentSpace
from grae.optimization.start import Start, check_enough
from grae.optimization.strategy import note, timed
from grae.optimization.surrogate import LocalSurrogate


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """Settings of the region.

    Attributes:
        candidates: maximum number of points decoded per round.
        enough: number of new strings after which no more points are decoded; soon reached if few strings are
            equivalent, as with molecules.
        within: size of the region: number of new strings nearest to its center.
        neighbors: number of points that the surrogate is fitted to.
        best: number of best-scoring starting strings used.
        spread: number of random starting strings used.
        length: initial standard deviation of a step in each dimension, in standard units.
        longest: maximum to which `length` grows without improvement.
        patience: number of evaluations without improvement after which a region is abandoned; twice as many in the
            region of the overall best.
        widenings: maximum number of step lengths that a round tries if it finds too few new strings.
    """

    candidates: int = 1000
    enough: int = 400
    within: int = 100
    neighbors: int = 250
    best: int = 200
    spread: int = 2000
    length: float = 0.4
    longest: float = 1.2
    patience: int = 50
    widenings: int = 8


PORTION = 250  # points decoded together
STRIDE = 1.5
PART = 20
"""A region that starts afresh uses one in this number of the starting strings."""
PARENTS = 50
"""Number of best points of a region that its center is interpolated with."""
PERTURBED = 20
"""Maximum mean number of dimensions that a step changes (TuRBO)."""


class TrustRegion:
    """See the module's docstring.

    Args:
        space: the latent space.
        start: starting strings with their scores.
        known: the strings with a score.
        maximize: whether higher is better.
        worst: the score of an invalid string.
        temperature: temperature of the decoder, in the first decoding of a round.
        seed: seed of random draws.
        settings: settings of the region.
        progress: called with the fraction of strings encoded.

    Raises:
        DataError: fewer than two valid starting strings.
    """

    def __init__(
        self,
        space: LatentSpace,
        start: Start,
        known: Known,
        *,
        maximize: bool,
        worst: float,
        temperature: float = 0.0,
        seed: int = 0,
        settings: RegionSettings | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.space, self.known, self.temperature, self.seed = space, known, temperature, seed
        self.settings = settings or RegionSettings()
        self.sign = 1.0 if maximize else -1.0
        self.worst = worst
        self.seconds = {"decode": 0.0, "surrogate": 0.0}
        rows = start.best_and_spread(self.settings.best, self.settings.spread, maximize=maximize, seed=seed)
        encodable, codes = space.encoded([start.texts[row] for row in rows], progress)
        rows = rows[encodable]
        check_enough(len(rows))
        texts = [start.texts[row] for row in rows]
        known.add(*space.identities(texts))
        self.texts = texts
        self.points = space.points(codes)
        self.values = self.sign * start.scores[rows]
        self.n_start = len(rows)
        self.regions = 0
        self._begin(np.arange(self.n_start))

    def propose(self, number: int, n: int) -> list[Proposal]:
        """See Strategy."""
        rng = np.random.default_rng([self.seed, number])
        with timed(self.seconds, "decode"):
            candidates = self._candidates(n, rng)
        points = self.space.points(candidates.codes)
        if len(candidates) <= n:
            return candidates.proposals(list(range(len(candidates))))
        rows = self._neighbors()
        distance = np.square(points - self.points[self._ranked()[0]]).sum(axis=1)
        near = np.argsort(distance, kind="stable")[: max(self.settings.within, 2 * n)]
        with timed(self.seconds, "surrogate"):
            surrogate = LocalSurrogate(self.points[rows], self.values[rows])
            taken = surrogate.thompson(points[near], n, rng)
        return candidates.proposals([int(near[place]) for place in taken])

    def tell(self, records: Sequence[Record]) -> None:
        """See Strategy."""
        note(self.known, self.space, records)
        scored = [record for record in records if record.string is not None]
        if not scored:
            return
        points = self.space.points(np.array([record.code for record in scored], np.float32))
        self.texts += [record.string for record in scored if record.string is not None]
        raw = [self.worst if record.score is None else record.score for record in scored]
        values = self.sign * np.array(raw, np.float64)
        rows = len(self.points) + np.arange(len(scored))
        self.points = np.concatenate([self.points, points])
        self.values = np.concatenate([self.values, values])
        self.members = np.concatenate([self.members, rows])
        if values.max() > self.best:
            self.best, self.failed = float(values.max()), 0
        else:
            self.failed += len(records)
        holds_best = self.best >= self.values.max()
        if self.failed >= self.settings.patience * (2 if holds_best else 1):
            self._restart()

    def move(self, space: LatentSpace) -> None:
        """See Movable."""
        self.space = space
        self.points = space.points(space.encode(self.texts))

    def _begin(self, members: np.ndarray) -> None:
        """Starts a region that uses the given rows of the known strings."""
        self.members = members
        self.best = float(self.values[members].max())
        self.failed = 0
        self.regions += 1

    def _restart(self) -> None:
        if self.regions % 2 == 0:
            return self._begin(np.arange(len(self.values)))
        rng = np.random.default_rng([self.seed, self.regions, len(self.values)])
        self._begin(rng.choice(self.n_start, max(2, self.n_start // PART), replace=False))

    def _ranked(self) -> np.ndarray:
        """The region's rows, best first."""
        return self.members[np.argsort(-self.values[self.members], kind="stable")]

    def _neighbors(self) -> np.ndarray:
        """The rows that the surrogate is fitted to: two thirds the best of the region, one third nearest its center."""
        ranked = self._ranked()
        n_best = 2 * self.settings.neighbors // 3
        best, rest = ranked[:n_best], ranked[n_best:]
        distance = np.square(self.points[rest] - self.points[ranked[0]]).sum(axis=1)
        return np.concatenate([best, rest[np.argsort(distance, kind="stable")[: self.settings.neighbors - len(best)]]])

    def _candidates(self, n: int, rng: np.random.Generator) -> Candidates:
        """New strings around the region's center, with wider steps while there are too few."""
        candidates = Candidates()
        length, temperature = self._length(), self.temperature
        for _ in range(self.settings.widenings):
            points, seed = self._steps(length, rng), int(rng.integers(2**31))
            for first in range(0, len(points), PORTION):
                part = points[first : first + PORTION]
                candidates.decode(self.space, part, self.known, temperature=temperature, seed=seed + first)
                if len(candidates) >= max(self.settings.enough, 2 * n):
                    return candidates
            if len(candidates) >= max(self.settings.within, 2 * n):
                break
            length, temperature = length * STRIDE, max(1.0, self.temperature)
        return candidates

    def _length(self) -> float:
        """The length of a step; it grows with the time since the last improvement."""
        grown = self.settings.length * 2 ** (self.failed / self.settings.patience)
        return min(grown, self.settings.longest)

    def _steps(self, length: float, rng: np.random.Generator) -> np.ndarray:
        """Points around the region's center, (candidates, D).

        Some are steps of various lengths from the center, some from between the center and another of the best; others
        take a random subset of dimensions from another of the region's points.
        """
        n, dim = self.settings.candidates, self.space.dim
        ranked = self._ranked()
        points = np.repeat(self.points[ranked[:1]], n, axis=0)
        kind = rng.choice(3, n, p=(0.4, 0.3, 0.3))
        toward = self.points[rng.choice(ranked[:PARENTS], n)]
        mixed = rng.uniform(0, 0.7, (n, 1))
        points = np.where((kind == 1)[:, None], (1 - mixed) * points + mixed * toward, points)
        other = self.points[rng.choice(ranked, n)]
        crossed = rng.random((n, dim)) < rng.uniform(0.05, 0.5, (n, 1))
        points = np.where((kind == 2)[:, None] & crossed, other, points)
        lengths = length * np.exp(rng.uniform(-1.0, 0.7, (n, 1))) * np.where(kind == 2, 0.3, 1.0)[:, None]
        changed = rng.random((n, dim)) < min(1.0, PERTURBED / dim)
        return points + lengths * rng.standard_normal((n, dim)) * changed
