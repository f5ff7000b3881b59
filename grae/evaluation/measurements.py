"""A measured value with its sample size and interval."""

from dataclasses import dataclass

from grae.evaluation.metrics import Estimate, Share
from grae.evaluation.resampling import Interval, interval_of_share


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measure with its interval.

    Attributes:
        measure: the value and its sample size.
        interval: 95 % interval; None where the sample is too small to resample.
    """

    measure: Share | Estimate
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """The value; None for a share of an empty sample."""
        return self.measure.value

    @property
    def of(self) -> int:
        """The sample size."""
        return self.measure.of

    @property
    def counts(self) -> dict[str, int]:
        """The sample size, and the count of a share, as JSON."""
        match self.measure:
            case Share(count, of):
                return {"count": count, "of": of}
            case Estimate():
                return {"of": self.measure.of}


def measurement_of(share: Share) -> Measurement:
    """A share of strings with its interval."""
    return Measurement(share, interval_of_share(share.count, share.of))
