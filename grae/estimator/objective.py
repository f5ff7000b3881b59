"""Settings of an autoencoder's objective: the weights of its terms, and the bottleneck."""

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from grae.autoencoder.bottleneck_options import OPTIONS
from grae.autoencoder.models import MODELS, Reduction
from grae.errors import SettingsError
from grae.estimator.settings import Frozen, replaced


class LossWeights(Frozen):
    """The weights of the loss terms.

    Attributes:
        beta: weight of L_Z.
        lambda_: weight of L_REG.
        rate: target rate, in nats, to which beta is adapted in training; None for a constant beta.
        penalized_every: n if the gradient penalty is computed on every n-th row of a batch.
    """

    beta: float = Field(ge=0)
    lambda_: float = Field(ge=0)
    rate: float | None = Field(default=None, gt=0)
    penalized_every: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if self.rate is not None and not self.beta:
            raise ValueError("a rate requires a beta above 0, from which it starts")
        return self


class BottleneckSettings(Frozen):
    """The bottleneck; None leaves an option at the default of its class.

    Attributes:
        kind: name of the bottleneck in `autoencoder.bottlenecks.BOTTLENECKS`.
        noise: scale of the noise: a factor of sigma for "gaussian", sigma itself for "constant-variance", the standard
            deviation for "noisy"; the others have no noise.
        reduction: reduction of L_Z over the dimensions, "sum" or "mean".
        log_sigma_bound: bound on log sigma for "gaussian"; see `Gaussian`.
    """

    kind: str = "deterministic"
    noise: float | None = Field(default=None, ge=0)
    reduction: Reduction | None = None
    log_sigma_bound: float | None = Field(default=None, gt=0)

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind != "noisy" and all(kind != row.bottleneck for row in MODELS.values()):
            raise ValueError(f"there is no bottleneck {kind!r}")
        return kind

    @model_validator(mode="after")
    def _agree(self) -> Self:
        taken = OPTIONS.get(self.kind)
        if taken is None:  # a user's own
            return self
        if taken.noise == "required" and self.noise is None:
            raise ValueError(f"the bottleneck {self.kind!r} requires a noise")
        if taken.noise == "none" and self.noise is not None:
            raise ValueError(f"the bottleneck {self.kind!r} has no noise")
        if not taken.log_sigma_bound and self.log_sigma_bound is not None:
            raise ValueError(f"the bottleneck {self.kind!r} has no log_sigma_bound")
        if not taken.reduction and self.reduction is not None:
            raise ValueError(f"the discrepancy of the bottleneck {self.kind!r} is not reduced over dimensions")
        return self

    @classmethod
    def of(cls, kind: str, noise: float | None, reduction: Reduction | None = None) -> Self:
        """A bottleneck with the given noise, if any; "deterministic" with noise becomes "noisy"."""
        if kind == "deterministic" and noise:
            kind = "noisy"
        return cls(kind=kind, noise=noise, reduction=reduction)

    @property
    def noise_of_samples(self) -> float:
        """Standard deviation of the noise to add to codes sampled from a density that was fitted without noise."""
        return (self.noise or 0.0) if self.kind == "noisy" else 0.0

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of the bottleneck's class."""
        return self.model_dump(exclude={"kind"}, exclude_none=True)

    def with_noise(self, noise: float | None) -> "BottleneckSettings":
        """A copy with another noise; "deterministic" becomes "noisy". None changes nothing.

        Raises:
            SettingsError: the bottleneck has no noise, or the noise is out of range.
        """
        if noise is None:
            return self
        if self.kind in ("deterministic", "noisy"):
            kind = "noisy" if noise else "deterministic"
            return replaced(BottleneckSettings(reduction=self.reduction), kind=kind, noise=noise or None)
        if self.kind in OPTIONS and OPTIONS[self.kind].noise == "none":
            raise SettingsError(
                f"the bottleneck {self.kind!r} has no noise",
                remedy="omit noise, or choose another model, such as grae or vae",
            )
        return replaced(self, noise=noise)
