"""The interface of targets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

Direction = Literal["maximize", "minimize"]


class Target(Protocol):
    """Scores strings.

    Attributes:
        name: name of the target in histories and messages.
        direction: "maximize" if higher is better, "minimize" if lower is.
        language: name of the language that it scores, such as "molecules"; None for any.
        worst: score of an invalid string if there are no data to determine one; infinite for an unbounded target.
        own: whether it is user code, which may hang, raise or crash its process; it is called with all strings of a
            round, unless it has an attribute `batch` that is false.
    """

    name: str
    direction: Direction
    language: str | None
    worst: float
    own: bool

    def evaluate(self, strings: Sequence[str]) -> "np.ndarray":
        """The scores of strings, (n,) float64; NaN for invalid ones."""
        ...
