"""Log expected improvement, the acquisition function of both surrogates."""

import math

import torch
from torch import Tensor

SERIES = -1e6
"""Below this many standard deviations, the first term of the asymptotic series is exact in double precision."""


def log_improvement(mean: Tensor, deviation: Tensor, incumbent: float) -> Tensor:
    """The log expected improvement over an incumbent, with the shape of the mean; higher is better.

    Its gradient does not vanish, however far a point lies below the incumbent (Ament et al. 2023, "Unexpected
    Improvements to Expected Improvement for Bayesian Optimization", equation 9): with u the improvement in standard
    deviations, log(phi(u) + u Phi(u)), computed below -1 as log phi(u) + log(1 + u Phi(u) / phi(u)).

    Args:
        mean: predicted means, float64.
        deviation: their standard deviations, positive.
        incumbent: the value to improve on.
    """
    u = (mean - incumbent) / deviation
    log_norm = 0.5 * math.log(2 * math.pi)
    above = u.clamp_min(-1.0)
    near = torch.log(torch.exp(-0.5 * above.square() - log_norm) + above * torch.special.ndtr(above))
    below = u.clamp(SERIES, -1.0)
    mills = math.sqrt(math.pi / 2) * torch.special.erfcx(-below / math.sqrt(2))  # Phi(u) / phi(u)
    far = torch.log1p(below * mills)
    beyond = -2 * torch.log(-u.clamp_max(SERIES))
    tail = torch.where(u > SERIES, far, beyond) - 0.5 * u.clamp_max(-1.0).square() - log_norm
    return torch.log(deviation) + torch.where(u > -1.0, near, tail)
