"""The maximum mean discrepancy between two samples, with a sum of inverse multiquadratic kernels."""

from collections.abc import Sequence

import torch
from torch import Tensor, distributed

from grae.errors import SettingsError

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Scales of the kernels in the published experiments of Wasserstein autoencoders and of Ghosh et al. 2020."""


def mean_discrepancy(codes: Tensor, prior: Tensor, scales: Sequence[float] = SCALES) -> Tensor:
    """The unbiased estimate of MMD^2 between the distributions of two samples, a scalar.

    The kernel is the sum over the scales s of C / (C + ||x - y||^2) with C = 2 D s, where 2 D is the expected squared
    distance between two draws from N(0, I). Within a sample, pairs of a point with itself are excluded.
    Source: Gretton et al. 2012, equation 3; kernels of Tolstikhin et al. 2018, section 4.

    Args:
        codes: (n, D) float32.
        prior: (m, D) float32, draws from the prior.
        scales: scales of the kernels.

    Raises:
        SettingsError: a sample has fewer than two rows.
    """
    n, m = len(codes), len(prior)
    if min(n, m) < 2:
        raise SettingsError(
            f"the discrepancy between codes and prior needs two codes at least, and a batch holds {min(n, m)}",
            remedy="raise the batch size, or give more strings to validate on",
        )
    base = 2 * codes.shape[1]
    within_codes = _kernel_sum(codes, codes, base, scales) - n * len(scales)
    within_prior = _kernel_sum(prior, prior, base, scales) - m * len(scales)
    between = _kernel_sum(codes, prior, base, scales)
    return within_codes / (n * (n - 1)) + within_prior / (m * (m - 1)) - 2 * between / (n * m)


def of_all_processes(rows: Tensor) -> Tensor:
    """Gathers the rows (n, D) of all processes, by rank; in a single process, returns the rows unchanged.

    Each process must have the same number of rows. If every process computes the same loss from the gathered rows, the
    gradient averaged over the processes, as in distributed training, is that of a single process: the backward pass
    sums the gradients of each row over all processes.
    """
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return rows
    from torch.distributed.nn.functional import all_gather

    return torch.cat(list(all_gather(rows)))


def _kernel_sum(x: Tensor, y: Tensor, base: float, scales: Sequence[float]) -> Tensor:
    """The sum of the kernel over all pairs of rows."""
    with torch.autocast(x.device.type, enabled=False):  # differences of large numbers: not in bfloat16
        squares = (x.square().sum(dim=1)[:, None] + y.square().sum(dim=1) - 2 * x @ y.T).clamp(min=0)  # n m
    if x is y:
        squares = squares.fill_diagonal_(0)
    return torch.stack([(base * s / (base * s + squares)).sum() for s in scales]).sum()
