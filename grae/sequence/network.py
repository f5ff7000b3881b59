"""A model on derivations from its settings: which encoder, bottleneck, decoder and regularizer make it up."""

from grae.autoencoder import (
    BOTTLENECKS,
    REGULARIZERS,
    Autoencoder,
    GradientPenalty,
    Model,
    Regularizer,
    model_named,
)
from grae.constraints import written_labels
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.sequence.decoders import RECONSTRUCTIONS, ParallelDecoder, RecurrentDecoder
from grae.sequence.encoders import ConvolutionalEncoder, RecurrentEncoder
from grae.sequence.published import initialize
from grae.sequence.pushdown import GrammarTensors
from grae.sequence.settings import (
    Architecture,
    BottleneckSettings,
    PaperArchitecture,
    Reconstruction,
    Settings,
    Weights,
)


def build(
    grammar: Grammar,
    model: Model,
    architecture: Architecture,
    weights: Weights,
    max_length: int,
    *,
    bottleneck: BottleneckSettings | None = None,
    reconstruction: Reconstruction = "cross-entropy",
) -> Autoencoder:
    """A network with fresh weights (drawn from torch's global generator).

    Args:
        grammar: of the derivations.
        model: a row of the table; says which regularizer, and which bottleneck where `bottleneck` is left out.
        architecture: encoder and decoder.
        weights: of the loss's terms.
        max_length: steps that the paper's networks are made for.
        bottleneck: its kind and settings.
        reconstruction: L_REC, a name in `RECONSTRUCTIONS`.

    Raises:
        SettingsError: the paper's convolutions cannot read derivations as short as `max_length`.
    """
    tensors = GrammarTensors(grammar)
    if isinstance(architecture, PaperArchitecture):
        encoder, decoder = _paper(grammar, tensors, architecture, max_length, model.regularizer == "gradient-penalty")
    else:
        encoder = RecurrentEncoder(
            grammar.n_symbols, grammar.pad, embedding=architecture.embedding, hidden=architecture.encoder_hidden
        )
        decoder = RecurrentDecoder(
            tensors,
            latent_dim=architecture.latent_dim,
            embedding=architecture.embedding,
            hidden=architecture.hidden,
            labels=written_labels(grammar) if architecture.labels else None,
            depth=architecture.depth,
            dropout=architecture.dropout,
        )
    chosen = bottleneck or BottleneckSettings.of(model.bottleneck, model.ours.noise)
    coder = BOTTLENECKS[chosen.kind](encoder.n_features, architecture.latent_dim, **chosen.options)
    if isinstance(architecture, PaperArchitecture):
        initialize(encoder, coder, decoder)
    loss = RECONSTRUCTIONS[reconstruction](tensors)
    return Autoencoder(
        encoder,
        coder,
        decoder,
        loss,
        _regularizer(model, weights),
        beta=weights.beta,
        lambda_=weights.lambda_,
        counted=loss.counted,
    )


def _regularizer(model: Model, weights: Weights) -> Regularizer:
    if model.regularizer == "gradient-penalty":
        return GradientPenalty(every=weights.penalized_every)
    return REGULARIZERS[model.regularizer]()


def network_of(grammar: Grammar, settings: Settings) -> Autoencoder:
    """The network of resolved settings, with fresh weights. Raises SettingsError as `build` does."""
    return build(
        grammar,
        model_named(settings.model),
        settings.architecture,
        settings.weights,
        settings.max_length,
        bottleneck=settings.bottleneck,
        reconstruction=settings.reconstruction,
    )


def _paper(
    grammar: Grammar,
    tensors: GrammarTensors,
    architecture: PaperArchitecture,
    max_length: int,
    twice_differentiable: bool,
) -> tuple[ConvolutionalEncoder, ParallelDecoder]:
    if max_length < architecture.shortest_length:
        raise SettingsError(
            f"the paper's convolutions read derivations of at least {architecture.shortest_length} steps, "
            f"not {max_length}",
            remedy=f"set the length limit to {architecture.shortest_length} or more, or use the default preset",
        )
    encoder = ConvolutionalEncoder(
        grammar.n_symbols,
        grammar.pad,
        max_length=max_length,
        filters=architecture.filters,
        widths=architecture.widths,
        dense=architecture.dense,
        batch_norm=architecture.batch_norm,
    )
    decoder = ParallelDecoder(
        tensors,
        latent_dim=architecture.latent_dim,
        max_length=max_length,
        hidden=architecture.hidden,
        batch_norm=architecture.batch_norm,
        twice_differentiable=twice_differentiable,
    )
    return encoder, decoder
