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
    sizes = {"kernel": architecture.kernel}
    encoder = ConvolutionalEncoder(
        architecture.side,
        architecture.channels,
        filters=architecture.encoder,
        rescale=architecture.rescale,
        noise=objective.input_noise,
        **sizes,
    )
    decoder = ConvolutionalDecoder(
        architecture.side,
        architecture.channels,
        latent_dim=architecture.latent_dim,
        start=architecture.start,
        filters=architecture.decoder,
        **sizes,
    )
    chosen = objective.bottleneck
    bottleneck = BOTTLENECKS[chosen.kind](encoder.n_features, architecture.latent_dim, **chosen.options)
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
