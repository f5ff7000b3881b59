"""The options of each bottleneck of the package, available without importing torch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class BottleneckOptions:
    """The options of a bottleneck's class.

    Attributes:
        noise: whether it takes a noise scale.
        reduction: whether L_Z is reduced over the dimensions of a code.
        log_sigma_bound: whether it takes a bound on log sigma.
    """

    noise: Literal["none", "optional", "required"] = "none"
    reduction: bool = True
    log_sigma_bound: bool = False


OPTIONS: dict[str, BottleneckOptions] = {
    "deterministic": BottleneckOptions(),
    "noisy": BottleneckOptions("required"),
    "gaussian": BottleneckOptions("optional", log_sigma_bound=True),
    "constant-variance": BottleneckOptions("required"),
    "wasserstein": BottleneckOptions(reduction=False),
}
"""Options by name in `bottlenecks.BOTTLENECKS`; those of other bottlenecks are not known here."""
