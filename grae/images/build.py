"""Builds the network of a model of images from its settings."""

from typing import Any

from torch import nn

from grae.autoencoder import BOTTLENECKS, REGULARIZERS, Autoencoder
from grae.images.networks import ConvolutionalDecoder, ConvolutionalEncoder, SquaredError, initialize
from grae.images.settings import Architecture, Objective

LAYERS: dict[str, type[nn.Module]] = {"transposed convolution": nn.ConvTranspose2d, "dense": nn.Linear}
"""Types of layers by their names in settings."""


def build(architecture: Architecture, objective: Objective) -> Autoencoder:
    """A network with initial weights drawn from torch's global generator."""
    sizes = (architecture.side, architecture.channels)
    kernel, latent_dim = architecture.kernel, architecture.latent_dim
    noise, rescale = objective.input_noise, architecture.rescale
    encoder = ConvolutionalEncoder(*sizes, filters=architecture.encoder, kernel=kernel, rescale=rescale, noise=noise)
    decoder = ConvolutionalDecoder(
        *sizes, latent_dim=latent_dim, start=architecture.start, filters=architecture.decoder, kernel=kernel
    )
    chosen = objective.bottleneck
    bottleneck = BOTTLENECKS[chosen.kind](encoder.n_features, latent_dim, **chosen.options)
    initialize(encoder, bottleneck, decoder)
    options: dict[str, Any] = dict(objective.regularizer_options)
    layers = [LAYERS[name] for name in options.pop("layers", [])]
    regularizer = REGULARIZERS[objective.regularizer](*layers, **options)
    return Autoencoder(
        encoder,
        bottleneck,
        decoder,
        SquaredError(objective.reconstruction, objective.reconstruction_weight),
        regularizer,
        beta=objective.weights.beta,
        lambda_=objective.weights.lambda_,
    )
