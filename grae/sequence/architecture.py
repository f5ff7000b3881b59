"""The networks of a model on derivations: an architecture is its settings and what builds it from them.

Imports no torch, so that settings are read and checked without it; the networks are imported when they are built.
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
    """The settings of an encoder and a decoder of derivations; a subclass builds them.

    Attributes:
        kind: its name in `ARCHITECTURES`.
        latent_dim: width of a code, D.
        fixed_length: whether the encoder reads no more steps than the decoder writes, `max_length`.
        by_length: whether the derivations of a batch may be alike in length, which spares padding; batch normalization
            wants them drawn from all.
    """

    kind: str
    latent_dim: int = Field(default=56, ge=1, le=WIDEST_CODE)
    fixed_length: ClassVar[bool] = False
    by_length: ClassVar[bool] = True

    @abstractmethod
    def networks(
        self, grammar: Grammar, tensors: "GrammarTensors", *, max_length: int, twice_differentiable: bool
    ) -> "tuple[nn.Module, nn.Module]":
        """Encoder and decoder with fresh weights.

        The encoder maps a batch (`batch["ids"]`, (B, T) long) to features (B, F), and has F as its `n_features`. The
        decoder, called with codes (B, D) and the batch, gives logits (B, T, S); to write strings it is a `StepDecoder`
        (`grae.sequence.pushdown`).

        Args:
            grammar: of the derivations.
            tensors: its tables.
            max_length: steps that the decoder writes at most.
            twice_differentiable: whether the regularizer takes gradients of the decoder's gradient.

        Raises:
            SettingsError: the networks cannot be made for so few steps.
        """

    def initialize(self, encoder: "nn.Module", bottleneck: "nn.Module", decoder: "nn.Module") -> None:
        """Draws the initial weights anew, where they are not those of PyTorch's layers."""

    @classmethod
    def on(cls, language: str) -> Self:
        """The usual settings on strings of a language."""
        return cls.model_validate({})


class RecurrentArchitecture(Architecture):
    """Ours: two GRUs read the productions, one from each end, and a GRU writes them.

    The latter sees its previous production, the current nonterminal and the code.

    Attributes:
        embedding: width of the embeddings of productions and nonterminals.
        encoder_hidden: width of the encoder's state in each direction.
        hidden: width of the decoder's state, H.
        labels: whether the decoder sees which labels it owes, such as open ring bonds.
        depth: whether the decoder sees how many nonterminals are left to expand.
        dropout: share of the decoder's previous productions that are hidden from it in training.
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
    """The published one: convolutions over one-hot productions, three GRUs that see the code alone.

    Initial weights, batch normalization and the recurrent unit are those of the framework that it was published with;
    see `published` and `recurrence`. The sizes are those on molecules where they are left out. Source: Kusner et al.
    2017 (GVAE).

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
        """The published sizes: those on expressions, or else those on molecules."""
        if language != "expressions":
            return cls()
        return cls(latent_dim=25, filters=(2, 3, 4), widths=(2, 3, 4), dense=100, hidden=100, batch_norm=True)

    @property
    def shortest_length(self) -> int:
        """The least number of steps that the convolutions can read."""
        return sum(self.widths) - len(self.widths) + 1

    def networks(
        self, grammar: Grammar, tensors: "GrammarTensors", *, max_length: int, twice_differentiable: bool
    ) -> "tuple[nn.Module, nn.Module]":
        """See Architecture."""
        from grae.sequence.decoders import ParallelDecoder
        from grae.sequence.encoders import ConvolutionalEncoder

        if max_length < self.shortest_length:
            raise SettingsError(
                f"the paper's convolutions read derivations of at least {self.shortest_length} steps, not {max_length}",
                remedy=f"set the length limit to {self.shortest_length} or more, or use the default preset",
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


def resolved_architecture(usual: Architecture, asked: str | Mapping[str, Any] | None, language: str) -> Architecture:
    """A preset's architecture with what was set by hand, or another one.

    Args:
        usual: the preset's; another one has codes as wide.
        asked: the name of an architecture, or settings by name, "kind" perhaps among them.
        language: of the strings.

    Raises:
        SettingsError: a name is unknown, or a value out of range.
    """
    settings = {"kind": asked} if isinstance(asked, str) else dict(asked or {})
    kind = settings.pop("kind", usual.kind)
    if kind != usual.kind:
        usual = replaced(ARCHITECTURES.named(kind).on(language), latent_dim=usual.latent_dim)
    return replaced(usual, **settings)


def _read(value: object) -> object:
    """An architecture from its settings as a file holds them."""
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
"""A field for any of the table."""
