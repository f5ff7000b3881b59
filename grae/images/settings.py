"""Settings of models of images."""

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from grae.autoencoder.models import MODELS
from grae.estimator.objective import BottleneckSettings, LossWeights
from grae.estimator.settings import Frozen
from grae.images.recipes import Scale
from grae.training.settings import TrainingSettings


class Architecture(Frozen):
    """Sizes of encoder and decoder; see `networks`.

    Attributes:
        side: height and width of the images in pixels.
        channels: number of channels of the images.
        latent_dim: width of a code, D.
        encoder: filters of each convolution.
        start: filters of the decoder's dense layer.
        decoder: filters of each of its transposed convolutions of stride 2.
        kernel: height and width of every kernel.
        rescale: whether the encoder rescales pixels from 0..1 to -1..1.
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
    """The objective: terms of the loss, their reductions and weights.

    Attributes:
        reconstruction: how the squared error is reduced over pixels and channels; see `networks.SquaredError`.
        reconstruction_weight: factor on L_REC.
        input_noise: standard deviation of the noise on the encoder's input in training; see `networks`.
        bottleneck: the bottleneck between encoder and decoder.
        regularizer: its name in `autoencoder.REGULARIZERS`.
        regularizer_options: keyword arguments of its class; "layers" are names in `build.LAYERS`.
        weights: weights of L_Z and L_REG.
    """

    reconstruction: Scale
    reconstruction_weight: float = Field(default=1.0, gt=0)
    input_noise: float = Field(default=0.0, ge=0)
    bottleneck: BottleneckSettings
    regularizer: str
    regularizer_options: dict[str, Any] = Field(default_factory=dict)
    weights: LossWeights

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_run(cls, values: Any) -> Any:
        """Upgrades settings of older runs, with the bottleneck's options and the weights in fields of their own."""
        if not isinstance(values, dict) or not isinstance(values.get("bottleneck"), str):
            return values
        values = dict(values)
        options = values.pop("bottleneck_options", {})
        weights = {name: values.pop(name) for name in ("beta", "lambda_") if name in values}
        return values | {"bottleneck": {**options, "kind": values["bottleneck"]}, "weights": weights}

    @field_validator("regularizer")
    @classmethod
    def _known(cls, regularizer: str) -> str:
        if all(regularizer != row.regularizer for row in MODELS.values()):
            raise ValueError(f"there is no regularizer {regularizer!r}")
        return regularizer


class Settings(Frozen):
    """The resolved settings of a model.

    Attributes:
        model: its name in the table of models.
        recipe: name of its recipe.
        width: factor on the recipe's numbers of filters.
        architecture: the network.
        objective: the loss.
        training: settings of training.
        density: default density for sampling.
        second_stage: weight of the KL term in the second stage of 2sVAE.
    """

    model: str
    recipe: str
    width: float = Field(gt=0)
    architecture: Architecture
    objective: Objective
    training: TrainingSettings
    density: str
    second_stage: float = Field(gt=0)
