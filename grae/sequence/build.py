"""Builds the network of a model of derivations from its settings."""

from grae.autoencoder import (
    BOTTLENECKS,
    REGULARIZERS,
    Autoencoder,
    GradientPenalty,
    Model,
    Regularizer,
    model_named,
)
from grae.estimator.objective import BottleneckSettings, LossWeights
from grae.grammar import Grammar
from grae.sequence.architecture import Architecture
from grae.sequence.decoders import RECONSTRUCTIONS
from grae.sequence.pushdown import GrammarTensors
from grae.sequence.settings import Reconstruction, Settings


def build(
    grammar: Grammar,
    model: Model,
    architecture: Architecture,
    weights: LossWeights,
    max_length: int,
    *,
    bottleneck: BottleneckSettings | None = None,
    reconstruction: Reconstruction = "cross-entropy",
) -> Autoencoder:
    """A network with initial weights drawn from torch's global generator.

    Args:
        grammar: grammar of the derivations.
        model: a row of the table of models; its regularizer is used, and its bottleneck unless one is given.
        architecture: encoder and decoder.
        weights: weights of the loss terms.
        max_length: maximum number of steps that the decoder generates.
        bottleneck: kind and options; None for the model's.
        reconstruction: L_REC, a name in `RECONSTRUCTIONS`.

    Raises:
        SettingsError: `max_length` is too short for the networks.
    """
    tensors = GrammarTensors(grammar)
    encoder, decoder = architecture.networks(
        grammar,
        tensors,
        max_length=max_length,
        twice_differentiable=model.regularizer == "gradient-penalty",
    )
    chosen = bottleneck or BottleneckSettings.of(model.bottleneck, model.ours.noise)
    n_features: int = encoder.n_features  # pyright: ignore[reportAssignmentType]
    coder = BOTTLENECKS[chosen.kind](n_features, architecture.latent_dim, **chosen.options)
    architecture.initialize(encoder, coder, decoder)
    loss = RECONSTRUCTIONS[reconstruction](tensors)
    return Autoencoder(
        encoder,
        coder,
        decoder,
        loss,
        _regularizer(model, weights),
        beta=weights.beta,
        lambda_=weights.lambda_,
        rate=weights.rate,
        counted=loss.counted,
    )


def _regularizer(model: Model, weights: LossWeights) -> Regularizer:
    if model.regularizer == "gradient-penalty":
        return GradientPenalty(every=weights.penalized_every)
    return REGULARIZERS[model.regularizer]()


def network_of(grammar: Grammar, settings: Settings) -> Autoencoder:
    """The network of resolved settings, with initial weights. Raises SettingsError as `build` does."""
    return build(
        grammar,
        model_named(settings.model),
        settings.architecture,
        settings.weights,
        settings.max_length,
        bottleneck=settings.bottleneck,
        reconstruction=settings.reconstruction,
    )
