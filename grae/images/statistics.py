"""Batch normalization statistics for evaluation, estimated for the current weights.

Running averages with the published momentum of 0.99 average over a few hundred steps: in a short training they are
dominated by their initial values and by outdated weights, and images come out gray. Training steps use neither, so that
a recipe at its published length trains as published.
"""

from collections.abc import Iterable

from torch.nn.modules.batchnorm import _BatchNorm

from grae.autoencoder import Autoencoder, once
from grae.autoencoder.composition import Batch

MOST_IMAGES = 5000


def estimate_statistics(network: Autoencoder, batches: Iterable[Batch]) -> None:
    """Sets mean and variance of each batch normalization to averages over batches; ends in evaluation mode.

    Codes and pixels get the noise of training; all else is as in evaluation, such as the power iterations of spectral
    normalization, which are not advanced.

    Args:
        network: the network, on the device of the batches.
        batches: batches of the training's size; the caller disables gradients.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    network.encoder.training = network.bottleneck.training = True  # for their own noise; not their submodules
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
        norm.train()
    try:
        for batch in batches:
            with once(network):
                z, *_ = network.bottleneck(network.encoder(batch))
                network.decoder(z, batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        network.eval()
