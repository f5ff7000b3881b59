"""Defaults of Keras 1.2.1, the framework of the published networks.

Its weight initialization and batch normalization matter: with PyTorch's defaults the published network learns several
times more slowly. The version is recorded in the published weights of the grammar variational autoencoder
(mkusner/grammarVAE, pretrained/).
"""

import math

from torch import nn

from grae.sequence.recurrence import ResetFirstGRU


def batch_normalization(n_features: int) -> nn.BatchNorm1d:
    """Batch normalization with epsilon 1e-3 and, in Keras' sense, momentum 0.99 of the running averages."""
    return nn.BatchNorm1d(n_features, eps=1e-3, momentum=0.01)


def initialize(*networks: nn.Module) -> None:
    """Initializes dense layers and convolutions from the Glorot uniform distribution (Glorot and Bengio 2010).

    Biases are 0. Recurrent layers initialize themselves; see `ResetFirstGRU`. The bounds of the convolutions are those
    of `convolution_bound`.
    """
    layers = [layer for network in networks for layer in network.modules()]
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
        elif isinstance(layer, nn.Conv1d):
            bound = convolution_bound(layer)
            nn.init.uniform_(layer.weight, -bound, bound)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for layer in layers:
        if isinstance(layer, ResetFirstGRU):
            layer.reset_parameters()


def convolution_bound(layer: nn.Conv1d) -> float:
    """The bound of a convolution's initial weights, smaller than that of Glorot and Bengio.

    Keras 1.2.1 (`Convolution1D.build`) passes its kernels of shape (width, 1, in, out) to an initializer that expects
    (out, in, ...), so that fan-in is in * out and fan-out width * in * out. The published kernels agree: their standard
    deviations are 0.16, 0.26 and 0.19; these bounds give 0.17, 0.29 and 0.18, the usual ones 0.27, 0.37 and 0.27.
    """
    fan_in = layer.in_channels * layer.out_channels
    return math.sqrt(6 / (fan_in + layer.kernel_size[0] * fan_in))
