"""What a target is to a search: it scores strings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

Direction = Literal["maximize", "minimize"]


class Target(Protocol):
    """Scores strings.

    Attributes:
        name: what the history and the messages call it.
        direction: "maximize" where higher is better, "minimize" where lower is.
        language: the name of the language that it scores, such as "molecules"; None for any.
        worst: what an invalid string counts as where no data say; infinite for a target without bound.
        own: whether it is the user's own code, which may hang, raise or take its process down; it gets the strings of a
            round at once, unless it has an attribute `batch` that is false.
    """

    name: str
    direction: Direction
    language: str | None
    worst: float
    own: bool

    def evaluate(self, strings: Sequence[str]) -> "np.ndarray":
        """The scores of strings, (n,) float64; NaN for the invalid."""
        ...
