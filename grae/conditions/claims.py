"""The parts of a condition: comparisons of expressions, joined by "and" and "or". "not" is applied by De Morgan's laws.

A claim about a missing value (NaN) is not fulfilled, and neither is its negation.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from grae.targets.expression import Node

Numbers = Mapping[str, np.ndarray]
"""The values of n strings by their names in the condition, (n,) float64 each; NaN if missing."""

FARTHEST = 3.0
"""Maximum violation of a comparison, in standard deviations; also the violation of a missing value."""

RELATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Claim(Protocol):
    """A statement about strings, in terms of their values."""

    def names(self) -> Iterator[str]:
        """The names of the values in it, in order of occurrence."""
        ...

    def holds(self, numbers: Numbers) -> np.ndarray:
        """Which strings fulfil it, (n,) bool."""
        ...

    def violation(self, numbers: Numbers) -> np.ndarray:
        """The violation of each string, (n,) float64: 0 where the claim is fulfilled, otherwise positive."""
        ...

    def opposite(self) -> "Claim":
        """The negation."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two expressions compared.

    Attributes:
        left: an expression.
        relation: a key of `RELATIONS`.
        right: an expression.
    """

    left: Node
    relation: str
    right: Node

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    def names(self) -> Iterator[str]:
        """See Claim."""
        yield from self.left.targets()
        yield from self.right.targets()

    def holds(self, numbers: Numbers) -> np.ndarray:
        """See Claim."""
        left, right = self._values(numbers)
        return np.isfinite(left) & np.isfinite(right) & RELATIONS[self.relation](left, right)

    def violation(self, numbers: Numbers) -> np.ndarray:
        """See Claim; the difference of the two sides, in standard deviations over these strings."""
        left, right = self._values(numbers)
        with np.errstate(invalid="ignore"):
            distance = np.abs(left - right)
            finite = np.isfinite(distance)
            spread = float(np.std((left - right)[finite])) if finite.any() else 0.0
        scaled = np.where(finite, distance, np.inf) / (spread if spread > 0 else 1.0)
        return np.where(self.holds(numbers), 0.0, np.clip(scaled, 1e-6, FARTHEST))

    def opposite(self) -> "Comparison":
        """See Claim."""
        return Comparison(self.left, OPPOSITES[self.relation], self.right)

    def _values(self, numbers: Numbers) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            sides = [np.asarray(side.value(numbers), np.float64) for side in (self.left, self.right)]
        left, right = np.broadcast_arrays(*sides, np.zeros(len(next(iter(numbers.values())))))[:2]
        return left, right


@dataclass(frozen=True, slots=True)
class Substructure:
    """A substructure of molecules, required or excluded.

    Attributes:
        pattern: the name of its value: the SMARTS in quotes.
        present: whether it is required.
    """

    pattern: str
    present: bool = True

    def __str__(self) -> str:
        return f"{'' if self.present else 'not '}substructure({self.pattern})"

    def names(self) -> Iterator[str]:
        """See Claim."""
        yield self.pattern

    def holds(self, numbers: Numbers) -> np.ndarray:
        """See Claim."""
        found = numbers[self.pattern]
        return found > 0 if self.present else found == 0

    def violation(self, numbers: Numbers) -> np.ndarray:
        """See Claim; 1 if it is violated."""
        found = np.where(np.isnan(numbers[self.pattern]), FARTHEST, 1.0)
        return np.where(self.holds(numbers), 0.0, found)

    def opposite(self) -> "Substructure":
        """See Claim."""
        return Substructure(self.pattern, not self.present)


@dataclass(frozen=True, slots=True)
class All:
    """Claims that must all hold."""

    parts: tuple[Claim, ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Any) else str(part) for part in self.parts)

    def names(self) -> Iterator[str]:
        """See Claim."""
        for part in self.parts:
            yield from part.names()

    def holds(self, numbers: Numbers) -> np.ndarray:
        """See Claim."""
        return np.logical_and.reduce([part.holds(numbers) for part in self.parts])

    def violation(self, numbers: Numbers) -> np.ndarray:
        """See Claim; the sum over the parts."""
        return np.sum([part.violation(numbers) for part in self.parts], axis=0)

    def opposite(self) -> "Any":
        """See Claim."""
        return Any(tuple(part.opposite() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Any:
    """Claims of which one must hold."""

    parts: tuple[Claim, ...]

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, All) else str(part) for part in self.parts)

    def names(self) -> Iterator[str]:
        """See Claim."""
        for part in self.parts:
            yield from part.names()

    def holds(self, numbers: Numbers) -> np.ndarray:
        """See Claim."""
        return np.logical_or.reduce([part.holds(numbers) for part in self.parts])

    def violation(self, numbers: Numbers) -> np.ndarray:
        """See Claim; the minimum over the parts."""
        return np.min([part.violation(numbers) for part in self.parts], axis=0)

    def opposite(self) -> All:
        """See Claim."""
        return All(tuple(part.opposite() for part in self.parts))


def conjuncts(claim: Claim) -> tuple[Claim, ...]:
    """The top-level conjuncts of a claim; the claim itself if it is not a conjunction."""
    if not isinstance(claim, All):
        return (claim,)
    return tuple(part for one in claim.parts for part in conjuncts(one))
