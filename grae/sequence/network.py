"""A model on derivations from its settings: which encoder, bottleneck, decoder and regularizer make it up."""

from grae.autoencoder import BOTTLENECKS, REGULARIZERS, Autoencoder, Model
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.sequence.decoders import MaskedCrossEntropy, ParallelDecoder, RecurrentDecoder
from grae.sequence.encoders import ConvolutionalEncoder, RecurrentEncoder
from grae.sequence.pushdown import GrammarTensors
from grae.sequence.settings import Architecture, PaperArchitecture, Weights


def build(grammar: Grammar, model: Model, architecture: Architecture, weights: Weights, max_length: int) -> Autoencoder:
    """A network with fresh weights (drawn from torch's global generator).

    Raises:
        SettingsError: the paper's convolutions cannot read derivations as short as `max_length`.
    """
    tensors = GrammarTensors(grammar)
    if isinstance(architecture, PaperArchitecture):
        encoder, decoder = _paper(grammar, architecture, max_length)
    else:
        encoder = RecurrentEncoder(
            grammar.n_symbols, grammar.pad, embedding=architecture.embedding, hidden=architecture.encoder_hidden
        )
        decoder = RecurrentDecoder(
            tensors,
            latent_dim=architecture.latent_dim,
            embedding=architecture.embedding,
            hidden=architecture.hidden,
        )
    return Autoencoder(
        encoder,
        BOTTLENECKS[model.bottleneck](encoder.n_features, architecture.latent_dim),
        decoder,
        MaskedCrossEntropy(tensors),
        REGULARIZERS[model.regularizer],
        beta=weights.beta,
        lambda_=weights.lambda_,
    )


def _paper(
    grammar: Grammar, architecture: PaperArchitecture, max_length: int
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
        grammar.n_symbols,
        latent_dim=architecture.latent_dim,
        max_length=max_length,
        hidden=architecture.hidden,
        batch_norm=architecture.batch_norm,
    )
    return encoder, decoder
