"""A condition on the strings of a grammar: which fulfil it, by which values, and how far the others violate it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from grae.conditions.claims import All, Claim, conjuncts
from grae.conditions.numbers import Number
from grae.conditions.reading import read_condition
from grae.targets.failures import Failures

if TYPE_CHECKING:
    from grae.grammar import Grammar

TIMEOUT = 60.0


class Condition:
    """A condition on strings.

    Args:
        claim: the condition.
        numbers: the values used in it, by name.
        failures: failed calls of user functions in it; a string with a failed call does not fulfil the condition.
    """

    def __init__(self, claim: Claim, numbers: Mapping[str, Number], failures: Failures) -> None:
        self.claim, self.failures = claim, failures
        self.numbers = {name: numbers[name] for name in dict.fromkeys(claim.names())}

    @classmethod
    def read(cls, text: str, grammar: "Grammar", *, timeout: float | None = TIMEOUT) -> Self:
        """Parses a condition on the strings of a grammar; see `grae.conditions.reading`.

        Raises:
            ParseError, SettingsError: as `read_condition`.
            DataError: as `target_named`.
        """
        failures = Failures()
        parsed = read_condition(text, grammar, timeout=timeout, failures=failures)
        return cls(parsed.claim, parsed.numbers, failures)

    def __str__(self) -> str:
        return str(self.claim)

    def __repr__(self) -> str:
        return f"Condition({str(self)!r})"

    @property
    def own(self) -> bool:
        """Whether it calls a user function, which may be slow."""
        return any(number.own for number in self.numbers.values())

    def split(self) -> tuple["Condition | None", "Condition | None"]:
        """The part without user functions, and the rest; their conjunction is the condition."""
        cheap: list[Claim] = []
        costly: list[Claim] = []
        for part in conjuncts(self.claim):
            (costly if any(self.numbers[name].own for name in part.names()) else cheap).append(part)
        return self._of(cheap), self._of(costly)

    def _of(self, parts: Sequence[Claim]) -> "Condition | None":
        if not parts:
            return None
        return Condition(parts[0] if len(parts) == 1 else All(tuple(parts)), self.numbers, self.failures)

    def measure(
        self, strings: Sequence[str], known: Mapping[str, Sequence[float | None]] | None = None
    ) -> dict[str, np.ndarray]:
        """The values of n strings by their names in the condition, (n,) float64 each; NaN if missing.

        Args:
            strings: n strings.
            known: values already computed, by the names of targets, which are not called again.
        """
        return {
            name: np.array(known[number.name], np.float64)
            if known and number.name in known
            else number.measure(strings)
            for name, number in self.numbers.items()
        }

    def fulfilled(self, strings: Sequence[str]) -> np.ndarray:
        """Which strings fulfil the condition, (n,) bool; a string with a missing value does not."""
        return self.holds(self.measure(strings))

    def holds(self, numbers: Mapping[str, np.ndarray]) -> np.ndarray:
        """Which strings fulfil the condition, (n,) bool, given the values returned by `measure`."""
        return self.claim.holds(numbers)

    def violation(self, numbers: Mapping[str, np.ndarray]) -> np.ndarray:
        """The violation of each string, (n,) float64: 0 where the condition is fulfilled, otherwise positive.

        The violation of a comparison is the difference of its sides in standard deviations over these strings, at most
        3; violations are summed over "and", and the minimum is taken over "or".
        """
        return self.claim.violation(numbers)

    def shares(self, numbers: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The fraction of strings that fulfil each top-level claim."""
        return {str(part): float(np.mean(part.holds(numbers))) for part in conjuncts(self.claim)}


def meanings(condition: Condition) -> dict[str, str]:
    """The titles of the values in a condition, by name, without patterns and functions."""
    return {
        name: number.title for name, number in condition.numbers.items() if not number.own and name[:1] not in "'\""
    }
