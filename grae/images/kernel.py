"""The kernel inception distance (KID), an unbiased estimate for any number of images.

Source: Binkowski et al. 2018.
"""

from typing import NamedTuple

import numpy as np

from grae.errors import DataError

BLOCK = 1000  # rows per block
LEAST_BLOCKS = 4  # minimum, for the standard error


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    error: float


def kernel_distance(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> Estimate:
    """The squared maximum mean discrepancy of two sets of features under the kernel (x . y / F + 1)^3.

    Both sets are shuffled and split into disjoint blocks of 1,000 rows (fewer, where there would be less than four
    blocks). The value is the mean of the blocks' unbiased estimates, and may be negative; the error is their standard
    deviation over the square root of their number.

    Args:
        first: features, (n, F).
        second: features, (m, F).
        seed: seed of the shuffle.

    Raises:
        DataError: the widths differ, or a set has fewer than eight rows.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise DataError(f"features of shapes {first.shape} and {second.shape} cannot be compared")
    n = min(len(first), len(second))
    if n < 2 * LEAST_BLOCKS:
        raise DataError(f"{n} images are too few for a kernel distance", remedy="give eight images or more")
    blocks = max(LEAST_BLOCKS, n // BLOCK)
    size = n // blocks
    rng = np.random.default_rng(seed)
    places = [rng.permutation(len(rows))[: blocks * size].reshape(blocks, size) for rows in (first, second)]
    estimates = [_discrepancy(first[one], second[other]) for one, other in zip(*places, strict=True)]
    return Estimate(float(np.mean(estimates)), float(np.std(estimates, ddof=1) / np.sqrt(blocks)))


def in_thousandths(estimate: Estimate) -> str:
    """A kernel distance times 1,000 with its standard error, for tables."""
    return f"{1000 * estimate.value:.2f} ± {1000 * estimate.error:.2f}"


def _discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased estimate from two sets of equal size (Gretton et al. 2012, lemma 6)."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    n, width = x.shape
    xx, yy, xy = ((one @ other.T / width + 1) ** 3 for one, other in ((x, x), (y, y), (x, y)))
    within = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (n * (n - 1))
    return float(within - 2 * xy.mean())
