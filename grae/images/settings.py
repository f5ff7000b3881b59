"""What can be chosen about a model of images, resolved and checked."""

from typing import Any, Self

from pydantic import Field, model_validator

from grae.autoencoder.models import MODELS
from grae.estimator.settings import Frozen
from grae.images.recipes import Scale
from grae.training.settings import TrainingSettings

BOTTLENECKS = frozenset({"noisy", *(row.bottleneck for row in MODELS.values())})
REGULARIZERS = frozenset(row.regularizer for row in MODELS.values())


class Architecture(Frozen):
    """The sizes of encoder and decoder; see `networks`.

    Attributes:
        side: height and width of the images in pixels.
        channels: of the images.
        latent_dim: width of a code, D.
        encoder: filters of each convolution.
        start: filters of the decoder's dense layer.
        decoder: filters of each of its transposed convolutions of stride 2.
        kernel: height and width of every kernel.
        rescale: whether the encoder takes pixels from 0..1 to -1..1.
    """

    side: int = Field(ge=1, le=8192)
    channels: int = Field(ge=1, le=1024)
    latent_dim: int = Field(ge=1, le=4096)
    encoder: tuple[int, ...] = Field(max_length=13)
    start: int = Field(ge=1, le=8192)
    decoder: tuple[int, ...] = Field(max_length=13)
    kernel: int = Field(ge=1, le=64)
    rescale: bool

    @model_validator(mode="after")
    def _divides(self) -> Self:
        halvings = max(len(self.encoder), len(self.decoder))
        if not self.encoder or not self.decoder or not self._filters_fit or self.side % 2**halvings:
            raise ValueError(f"a side of {self.side} pixels cannot be halved {halvings} times by layers of filters")
        return self

    @property
    def _filters_fit(self) -> bool:
        """Whether each layer has between 1 and 8,192 filters."""
        return all(1 <= filters <= 8192 for filters in (*self.encoder, *self.decoder))


class Objective(Frozen):
    """The loss: what its terms are, how they are scaled, and their weights.

    Attributes:
        reconstruction: how the squared error is reduced over pixels and channels; see `networks.SquaredError`.
        reconstruction_weight: weight of it.
        input_noise: standard deviation of the noise that the encoder's pixels get in training; see `networks`.
        bottleneck: its name in `autoencoder.BOTTLENECKS`.
        bottleneck_options: arguments of its class.
        beta: weight of L_Z.
        regularizer: its name in `autoencoder.REGULARIZERS`.
        regularizer_options: arguments of its class; "layers" are names of `build.LAYERS`.
        lambda_: weight of L_REG.
    """

    reconstruction: Scale
    reconstruction_weight: float = Field(default=1.0, gt=0)
    input_noise: float = Field(default=0.0, ge=0)
    bottleneck: str
    bottleneck_options: dict[str, Any] = Field(default_factory=dict)
    beta: float = Field(ge=0)
    regularizer: str
    regularizer_options: dict[str, Any] = Field(default_factory=dict)
    lambda_: float = Field(ge=0)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.bottleneck not in BOTTLENECKS or self.regularizer not in REGULARIZERS:
            raise ValueError(f"unknown bottleneck {self.bottleneck!r} or regularizer {self.regularizer!r}")
        return self


class Settings(Frozen):
    """The settings of a trained model, nothing left open.

    Attributes:
        model: its row in the table of models.
        recipe: the data set whose published settings it was made from.
        width: factor by which the recipe's filters were multiplied.
        architecture: the network.
        objective: the loss.
        training: how it was trained.
        density: the density it is sampled from by default.
        second_stage: weight of the second stage's KL term, where it has one.
    """

    model: str
    recipe: str
    width: float = Field(gt=0)
    architecture: Architecture
    objective: Objective
    training: TrainingSettings
    density: str
    second_stage: float = Field(gt=0)
