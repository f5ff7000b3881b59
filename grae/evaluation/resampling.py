"""95 % intervals of measures: Wilson's for shares, and resampling (seeded) for all others.

- Shares: Wilson's score interval (Wilson, J. American Statistical Association 22, 1927), which never degenerates to a
  point: for 100 of 100 it is 96.3 to 100 %. It is also used for uniqueness: the number of duplicates is approximately
  Poisson distributed while they are rare; where they are frequent, it varies less than a binomial variable.
- Means over strings: the bootstrap, resampling the strings' values.
- All others (over pairs, distances between distributions) are biased by strings that a bootstrap draws twice. The
  strings are divided at random into groups, and the measure is computed for many random halves of the groups. Halves of
  a sample, drawn without replacement, vary about their mean as the whole sample varies about the true value, since
  (1 - 1/2) / (n/2) = 1/n (Shao and Wu, Annals of Statistics 17, 1989: the delete-d jackknife with d = n/2). The
  interval is the value plus the quantiles of these deviations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

Interval = tuple[float, float]

LEVEL = 0.95
RESAMPLES = 1000  # bootstrap resamples of a mean
HALVES = 200
GROUPS = 100
FEWEST = 20  # strings; fewer are not resampled
CHUNK = 4_000_000  # random numbers per batch
_TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])


@dataclass(frozen=True, slots=True, eq=False)
class Subsamples:
    """Random halves of strings, as unions of groups.

    Attributes:
        group: (n,) int64, the group of each string.
        chosen: (B, G) bool, the groups in each half.
    """

    group: np.ndarray
    chosen: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """The number of strings in each half, (B,) int64."""
        return self.chosen @ np.bincount(self.group, minlength=self.chosen.shape[1])


def subsamples_of(n: int, seed: int, *, halves: int = HALVES) -> Subsamples | None:
    """Divides n strings into groups of nearly equal sizes and draws halves; None for too few strings."""
    if n < FEWEST:
        return None
    generator = np.random.default_rng([seed, n])
    groups = min(GROUPS, n // 2 * 2)
    chosen = np.zeros((halves, groups), bool)
    for half in chosen:
        half[generator.permutation(groups)[: groups // 2]] = True
    return Subsamples(generator.permutation(n) % groups, chosen)


def interval_of_share(count: float, of: int) -> Interval | None:
    """Wilson's score interval of a share; None for an empty sample.

    Args:
        count: number of strings with the property.
        of: sample size.
    """
    if not of:
        return None
    z2 = float(norm.ppf(_TAILS[1])) ** 2
    share = count / of
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * of)) / of) / (1 + z2 / of)
    return float(max(0.0, min(centre - half, share))), float(min(1.0, max(centre + half, share)))


def interval_of_mean(values: np.ndarray, seed: int) -> Interval | None:
    """The interval of the mean of values (n,)."""
    n = len(values)
    if not n:
        return None
    generator = np.random.default_rng([seed, n])
    means = []
    each = max(1, CHUNK // n)
    for first in range(0, RESAMPLES, each):
        rows = generator.integers(n, size=(min(each, RESAMPLES - first), n))
        means.append(values[rows].mean(axis=1))
    low, high = np.quantile(np.concatenate(means), _TAILS)
    return float(low), float(high)


def interval_of_subsamples(
    value: float, halves: Subsamples | None, again: Callable[[Subsamples], np.ndarray], *, most: float = np.inf
) -> Interval | None:
    """The interval of a measure that is not a mean.

    Args:
        value: value for all strings.
        halves: halves of the strings; None returns None.
        again: computes the value for each half, (B,).
        most: upper bound of the measure; the lower bound is 0.
    """
    if halves is None:
        return None
    values = again(halves)
    if not np.isfinite(values).all():
        return None
    low, high = value + np.quantile(values - values.mean(), _TAILS)
    return float(np.clip(low, 0, most)), float(np.clip(high, 0, most))
