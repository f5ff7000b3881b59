"""Weights that are computed from others, such as spectrally normalized ones: once, however often they are read."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.utils import parametrize


@contextmanager
def once(network: nn.Module) -> Iterator[None]:
    """Within it each computed weight of the network is computed once: here, at the start, and in full precision.

    A recurrent layer reads its weights several times a pass, and each reading in training mode would be another power
    iteration; a decoder reads them again at each step. In bfloat16 the iteration would not work at all. A network
    without such weights goes through it at no cost.
    """
    computed = [layer for layer in network.modules() if parametrize.is_parametrized(layer)]
    if not computed:
        yield
        return
    device = next(network.parameters()).device.type
    with parametrize.cached():
        with torch.autocast(device, enabled=False):
            for layer in computed:
                for name in layer.parametrizations:  # pyright: ignore[reportGeneralTypeIssues]
                    getattr(layer, name)
        yield
