"""The statistics that batch normalization takes outside of training, estimated for the weights as they are.

Running averages with the published factor of 0.99 remember a few hundred steps: in a short training they still hold
their initial values and those of weights long gone, and images come out grey. Steps of training do not look at either,
so that a recipe at its published length takes the published steps.
"""

from collections.abc import Iterable

from torch.nn.modules.batchnorm import _BatchNorm

from grae.autoencoder import Autoencoder, once
from grae.autoencoder.composition import Batch

MOST_IMAGES = 5000


def estimate_statistics(network: Autoencoder, batches: Iterable[Batch]) -> None:
    """Sets mean and variance of each batch normalization to the averages over batches; leaves evaluation mode on.

    Codes and pixels have the noise of the training, but nothing else behaves as in training: the power iterations of
    spectral normalization stand still.

    Args:
        network: on the device of the batches.
        batches: of the sizes of the training; under `torch.no_grad`.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    network.encoder.training = network.bottleneck.training = True  # their own noise, without what is inside them
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average
        norm.train()
    try:
        for batch in batches:
            with once(network):
                z, _ = network.bottleneck(network.encoder(batch))
                network.decoder(z, batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        network.eval()
