"""The two common ways of scaling images to the 299x299 pixels of the Inception network; the FID depends on them.

"tensorflow" is that of TensorFlow 1 and the papers that used it: bilinear, target pixel i at i n/299 of the source
(without half-pixel centers), and gray levels v from 0 to 255 become (v - 128) / 128. "pytorch" is that of pytorch-fid:
bilinear with half-pixel centers, levels in -1..1. Neither applies an anti-aliasing filter.
"""

from functools import cache
from typing import Literal

import torch
from torch import Tensor

Scaling = Literal["tensorflow", "pytorch"]
SCALINGS: tuple[Scaling, ...] = ("tensorflow", "pytorch")
SIDE = 299
_SHIFT: dict[Scaling, float] = {"tensorflow": 0.0, "pytorch": 0.5}  # of pixel centers, in pixels


def scaled(x: Tensor, how: Scaling) -> Tensor:
    """Images (B, C, H, W) in 0..1 scaled to (B, C, 299, 299), in the network's range."""
    rows, columns = (_weights(side, _SHIFT[how]).to(x) for side in x.shape[-2:])
    levels = (255 * x - 128) / 128 if how == "tensorflow" else 2 * x - 1
    return rows @ levels @ columns.T


@cache
def _weights(side: int, shift: float) -> Tensor:
    """The interpolation matrix from `side` to 299 pixels, (299, side) float32."""
    at = ((torch.arange(SIDE, dtype=torch.float64) + shift) * (side / SIDE) - shift).clamp(0, side - 1)
    before = at.floor().long()
    after = (before + 1).clamp(max=side - 1)
    share = at - before
    weights = torch.zeros(SIDE, side, dtype=torch.float64)
    weights.scatter_add_(1, before[:, None], (1 - share)[:, None])
    weights.scatter_add_(1, after[:, None], share[:, None])
    return weights.float()
