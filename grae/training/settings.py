"""Settings of a training, validated on construction."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from grae.bounds import MOST_BATCH
from grae.errors import SettingsError

Schedule = Literal["constant", "cosine", "one-cycle", "plateau"]
Precision = Literal["auto", "fp32", "bf16"]
Device = Literal["auto", "cpu", "cuda", "mps"]

FREE_ON_RESUME = frozenset({"epochs", "time_budget", "patience", "checkpoint_seconds"})
"""Settings that may change when a run is resumed: length of training and interval of checkpoints."""


class TrainingSettings(BaseModel):
    """The settings of a training; immutable, and an unknown name is an error.

    A training ends after `epochs`, after `time_budget`, or when validation has not improved `patience` times in a row,
    whichever comes first. Schedules follow the fraction of the training that is done: of epochs, of time, or the larger
    of both.

    Attributes:
        epochs: number of epochs; None for no limit.
        time_budget: minutes of wall time, summed over resumed parts; time is reserved for a final validation.
        batch_size: rows per step, over all processes together.
        learning_rate: peak of the schedule, for Adam (AdamW where `weight_decay` is not 0).
        schedule: after warm-up, "constant"; "cosine" down to 0; "one-cycle" (cosine up from 1/25 over `warmup`, or
            over 0.3 where that is 0, then cosine down to 1/10,000); "plateau" (multiplied by `plateau_factor` whenever
            the validation loss has not improved `plateau_patience` times in a row).
        warmup: fraction of the run over which the learning rate rises linearly.
        plateau_factor: see `schedule`.
        plateau_patience: see `schedule`.
        plateau_threshold: minimum decrease of the validation loss, relative to the best so far, that counts as an
            improvement for the plateau schedule (absolute).
        learning_rate_floor: lower bound of the plateau schedule.
        clip_norm: gradients are clipped to this 2-norm over all parameters; None for no clipping.
        weight_decay: decoupled weight decay (AdamW), on all parameters.
        precision: "bf16" runs the forward pass under bfloat16 autocast; weights stay float32. "auto" uses it where it
            is faster: on CUDA from compute capability 8, and on CPUs with AVX512-BF16 or AMX where a timed matrix
            product is.
        patience: validations without improvement before the training ends; None for no early stopping.
        validate_every_epochs: epochs between validations, or None.
        validate_every_seconds: seconds between further validations, or None.
        checkpoint_seconds: seconds between checkpoints, which are also written at each validation.
        seed: seed of the order of batches and of all random numbers in training.
        device: "auto" uses a CUDA device if there is one.

    Raises:
        SettingsError: a setting is unknown or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: int | None = Field(None, ge=1, le=MOST_BATCH)
    time_budget: float | None = Field(None, gt=0)
    batch_size: int = Field(128, ge=1, le=MOST_BATCH)
    learning_rate: float = Field(1e-3, gt=0)
    schedule: Schedule = "cosine"
    warmup: float = Field(0.0, ge=0, lt=1)
    plateau_factor: float = Field(0.5, gt=0, lt=1)
    plateau_patience: int = Field(5, ge=1, le=MOST_BATCH)
    plateau_threshold: float = Field(0.0, ge=0)
    learning_rate_floor: float = Field(0.0, ge=0)
    clip_norm: float | None = Field(1.0, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    precision: Precision = "auto"
    patience: int | None = Field(None, ge=1, le=MOST_BATCH)
    validate_every_epochs: int | None = Field(1, ge=1, le=MOST_BATCH)
    validate_every_seconds: float | None = Field(None, gt=0)
    checkpoint_seconds: float = Field(60.0, ge=0)
    seed: int = Field(0, ge=0, lt=2**63)
    device: Device = "auto"

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            remedy = "see TrainingSettings for the names and their ranges"
            raise SettingsError(_describe(error), remedy=remedy) from None

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.epochs is None and self.time_budget is None:
            raise ValueError("give epochs, time_budget (minutes), or both: nothing else ends the training")
        return self

    def replace(self, **changes: Any) -> "TrainingSettings":
        """A validated copy with some settings changed."""
        return TrainingSettings(**{**self.model_dump(), **changes})


def _describe(error: ValidationError) -> str:
    """One line per invalid setting."""
    lines = []
    for problem in error.errors(include_url=False):
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(f"unknown training setting {name!r}")
        elif name:
            lines.append(f"training setting {name!r}: {problem['msg']}, not {problem['input']!r}")
        else:
            lines.append(str(problem["msg"]).removeprefix("Value error, "))
    return "\n".join(lines)
