"""What the published networks take from the framework that they were trained with, Keras 1.2.1.

Its initial weights and its batch normalization are part of the recipe: with PyTorch's defaults the published network
learns several times more slowly. The version is written in the published weights of the grammar variational autoencoder
(mkusner/grammarVAE, pretrained/).
"""

from torch import nn

from grae.sequence.recurrence import ResetFirstGRU


def batch_normalization(n_features: int) -> nn.BatchNorm1d:
    """Batch normalization with epsilon 1e-3, whose running averages keep 0.99 of themselves a step."""
    return nn.BatchNorm1d(n_features, eps=1e-3, momentum=0.01)


def initialize(*networks: nn.Module) -> None:
    """Draws the initial weights of dense layers and convolutions from Glorot and Bengio's uniform law (2010).

    Biases are 0. The recurrent layers draw their own; see `ResetFirstGRU`.
    """
    layers = [layer for network in networks for layer in network.modules()]
    for layer in layers:
        if isinstance(layer, nn.Linear | nn.Conv1d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    for layer in layers:
        if isinstance(layer, ResetFirstGRU):
            layer.reset_parameters()
