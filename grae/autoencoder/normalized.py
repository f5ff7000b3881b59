"""Parametrized weights, such as spectrally normalized ones, are computed once per forward pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.utils import parametrize


@contextmanager
def once(network: nn.Module) -> Iterator[None]:
    """A context in which each parametrized weight of the network is computed once, on entry, in full precision.

    A recurrent layer reads its weights several times in a forward pass, and in training mode each read would be another
    power iteration; a decoder reads them again at each step. In bfloat16 the iteration would fail. For a network
    without such weights this does nothing.
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
