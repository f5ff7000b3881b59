"""Architectures of models of derivations: the settings of their networks, and how the networks are built from them.

Does not import torch, so that settings can be read and validated without it.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError

from grae.bounds import WIDEST_CODE, WIDEST_LAYER
from grae.errors import SettingsError, first_problem
from grae.estimator.settings import Frozen, replaced
from grae.grammar import Grammar
from grae.sequence.architectures import ARCHITECTURES

if TYPE_CHECKING:
    from torch import nn

    from grae.sequence.pushdown import GrammarTensors

Size = Annotated[int, Field(ge=1, le=WIDEST_LAYER)]


class Architecture(Frozen):
    """The settings of an encoder and a decoder of derivations; subclasses build the networks.

    Attributes:
        kind: name of the architecture in `ARCHITECTURES`.
        latent_dim: width of a code, D.
        fixed_length: whether the encoder reads at most `max_length` steps, the maximum of the decoder.
        by_length: whether batches may hold derivations of similar length, which saves padding; batch normalization
            needs batches drawn from all lengths.
    """

    kind: str
    latent_dim: int = Field(default=56, ge=1, le=WIDEST_CODE)
    fixed_length: ClassVar[bool] = False
    by_length: ClassVar[bool] = True

    @abstractmethod
    def networks(
        self, grammar: Grammar, tensors: "GrammarTensors", *, max_length: int, twice_differentiable: bool
    ) -> "tuple[nn.Module, nn.Module]":
        """Encoder and decoder with initial weights.

        The encoder maps a batch (`batch["ids"]`, (B, T) long) to features (B, F); F is its `n_features`. The decoder
        maps codes (B, D) and the batch to logits (B, T, S); for decoding it also implements `StepDecoder`
        (`grae.sequence.pushdown`).

        Args:
            grammar: grammar of the derivations.
            tensors: tables of the grammar.
            max_length: maximum number of steps that the decoder generates.
            twice_differentiable: whether the decoder must support second derivatives, as the gradient penalty needs.

        Raises:
            SettingsError: `max_length` is too short for the networks.
        """

    def initialize(self, encoder: "nn.Module", bottleneck: "nn.Module", decoder: "nn.Module") -> None:
        """Re-draws the initial weights, where they differ from PyTorch's defaults."""

    @classmethod
    def on(cls, language: str) -> Self:
        """The default settings for strings of a language."""
        return cls.model_validate({})


class RecurrentArchitecture(Architecture):
    """Our architecture: a bidirectional GRU encoder and an autoregressive GRU decoder.

    Inputs of the decoder at each step are the previous production, the current nonterminal and the code.

    Attributes:
        embedding: width of the embeddings of productions and nonterminals.
        encoder_hidden: width of the encoder's state in each direction.
        hidden: width of the decoder's state, H.
        labels: whether the decoder's inputs include the labels that are open so far, such as ring bonds.
        depth: whether the decoder's inputs include the number of nonterminals left to expand.
        dropout: share of the decoder's previous productions that are masked in training.
    """

    kind: str = "recurrent"
    embedding: Size = 128
    encoder_hidden: Size = 256
    hidden: Size = 512
    labels: bool = False
    depth: bool = False
    dropout: float = Field(default=0.0, ge=0, lt=1)

    def networks(
        self, grammar: Grammar, tensors: "GrammarTensors", *, max_length: int, twice_differentiable: bool
    ) -> "tuple[nn.Module, nn.Module]":
        """See Architecture."""
        from grae.constraints import written_labels
        from grae.sequence.decoders import RecurrentDecoder
        from grae.sequence.encoders import RecurrentEncoder

        encoder = RecurrentEncoder(grammar.n_symbols, grammar.pad, embedding=self.embedding, hidden=self.encoder_hidden)
        decoder = RecurrentDecoder(
            tensors,
            latent_dim=self.latent_dim,
            embedding=self.embedding,
            hidden=self.hidden,
            labels=written_labels(grammar) if self.labels else None,
            depth=self.depth,
            dropout=self.dropout,
        )
        return encoder, decoder


class PaperArchitecture(Architecture):
    """The published architecture: convolutions over one-hot productions, three GRUs whose only input is the code.

    Initial weights, batch normalization and the recurrent unit follow the framework of the published code; see
    `keras_defaults` and `recurrence`. Default sizes are those for molecules. Source: Kusner et al. 2017 (GVAE).

    Attributes:
        filters: filters of each convolution.
        widths: width of each convolution.
        dense: width of the encoder's dense layer.
        hidden: width of each of the decoder's three GRUs.
        batch_norm: batch normalization after each convolution and before the decoder's dense layer.
    """

    kind: str = "paper"
    filters: tuple[Size, ...] = (9, 9, 10)
    widths: tuple[Size, ...] = (9, 9, 11)
    dense: Size = 435
    hidden: Size = 501
    batch_norm: bool = False
    fixed_length: ClassVar[bool] = True
    by_length: ClassVar[bool] = False

    @classmethod
    def on(cls, language: str) -> Self:
        """The published sizes: those for expressions, or else those for molecules."""
        if language != "expressions":
            return cls()
        return cls(latent_dim=25, filters=(2, 3, 4), widths=(2, 3, 4), dense=100, hidden=100, batch_norm=True)

    @property
    def shortest_length(self) -> int:
        """The minimum number of steps that the convolutions can read."""
        return sum(self.widths) - len(self.widths) + 1

    def networks(
        self, grammar: Grammar, tensors: "GrammarTensors", *, max_length: int, twice_differentiable: bool
    ) -> "tuple[nn.Module, nn.Module]":
        """See Architecture."""
        from grae.sequence.decoders import ParallelDecoder
        from grae.sequence.encoders import ConvolutionalEncoder

        if max_length < self.shortest_length:
            raise SettingsError(
                f"the paper's convolutions need derivations of at least {self.shortest_length} steps, not {max_length}",
                remedy=f"set max_length to {self.shortest_length} or more, or use the default preset",
            )
        encoder = ConvolutionalEncoder(
            grammar.n_symbols,
            grammar.pad,
            max_length=max_length,
            filters=self.filters,
            widths=self.widths,
            dense=self.dense,
            batch_norm=self.batch_norm,
        )
        decoder = ParallelDecoder(
            tensors,
            latent_dim=self.latent_dim,
            max_length=max_length,
            hidden=self.hidden,
            batch_norm=self.batch_norm,
            twice_differentiable=twice_differentiable,
        )
        return encoder, decoder

    def initialize(self, encoder: "nn.Module", bottleneck: "nn.Module", decoder: "nn.Module") -> None:
        """Draws the initial weights as the published framework does."""
        from grae.sequence.keras_defaults import initialize

        initialize(encoder, bottleneck, decoder)


def resolved_architecture(
    usual: Architecture, requested: str | Mapping[str, Any] | None, language: str
) -> Architecture:
    """A preset's architecture with the user's settings, or another architecture.

    Args:
        usual: the preset's architecture; another one gets the same `latent_dim`.
        requested: the name of an architecture, or settings by name, which may include "kind".
        language: language of the strings.

    Raises:
        SettingsError: a name is unknown, or a value out of range.
    """
    settings = {"kind": requested} if isinstance(requested, str) else dict(requested or {})
    kind = settings.pop("kind", usual.kind)
    if kind != usual.kind:
        usual = replaced(ARCHITECTURES.named(kind).on(language), latent_dim=usual.latent_dim)
    return replaced(usual, **settings)


def _read(value: object) -> object:
    """An architecture from its settings in JSON."""
    if not isinstance(value, Mapping):
        return value
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {kind!r}; there are: {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[kind].model_validate(value)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from None


AnyArchitecture = Annotated[SerializeAsAny[Architecture], BeforeValidator(_read)]
"""A field that holds any architecture of the table."""
