"""The two ways in use of scaling images to the 299x299 pixels that the Inception network takes; FIDs differ by them.

"tensorflow" is that of TensorFlow 1 and of the papers up to then: bilinear, where pixel i of the target lies at
i n/299 of the source, without half a pixel's shift; grey levels v from 0 to 255 become (v - 128) / 128. "pytorch" is
that of pytorch-fid: bilinear about the pixels' centres; levels from -1 to 1. Neither smooths what it makes smaller.
"""

from functools import cache
from typing import Literal

import torch
from torch import Tensor

Scaling = Literal["tensorflow", "pytorch"]
SCALINGS: tuple[Scaling, ...] = ("tensorflow", "pytorch")
SIDE = 299
_SHIFT: dict[Scaling, float] = {"tensorflow": 0.0, "pytorch": 0.5}  # of the pixels' centres, in pixels


def scaled(x: Tensor, how: Scaling) -> Tensor:
    """Images (B, C, H, W) from 0 to 1 as the network takes them: (B, C, 299, 299) in its range."""
    rows, columns = (_weights(side, _SHIFT[how]).to(x) for side in x.shape[-2:])
    levels = (255 * x - 128) / 128 if how == "tensorflow" else 2 * x - 1
    return rows @ levels @ columns.T


@cache
def _weights(side: int, shift: float) -> Tensor:
    """What each of 299 pixels takes from each of `side`, (299, side) float32."""
    at = ((torch.arange(SIDE, dtype=torch.float64) + shift) * (side / SIDE) - shift).clamp(0, side - 1)
    before = at.floor().long()
    after = (before + 1).clamp(max=side - 1)
    share = at - before
    weights = torch.zeros(SIDE, side, dtype=torch.float64)
    weights.scatter_add_(1, before[:, None], (1 - share)[:, None])
    weights.scatter_add_(1, after[:, None], share[:, None])
    return weights.float()
