"""The values available in conditions: targets, properties of a language, sizes, benchmark tasks, user functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import SettingsError
from grae.targets.calls import attempts
from grae.targets.failures import Failures
from grae.targets.named import TARGETS, TargetRequest, target_named
from grae.targets.target import Target

if TYPE_CHECKING:
    from grae.grammar import Grammar

OWNER = "condition (--where)"

Measure = Callable[[Sequence[str]], np.ndarray]
"""n strings -> their values, (n,) float64; NaN if missing."""


@dataclass(frozen=True, slots=True)
class Number:
    """A value computed from strings.

    Attributes:
        name: name in the tables, whatever its case in the condition.
        title: a description.
        measure: computes the value.
        own: whether it is a user function, which may be slow.
    """

    name: str
    title: str
    measure: Measure
    own: bool = False


def numbers_of(grammar: "Grammar") -> dict[str, Number]:
    """The values available for strings of a grammar, by name."""
    language = grammar.language
    numbers: dict[str, Number] = {}
    for name, row in TARGETS.items():
        target = row.make(TargetRequest(grammar))
        if target.language == language.name:
            numbers[name] = Number(name, row.summary, target.evaluate)
    if language.is_molecular:
        from grae.conditions.molecules import PROPERTIES, of_molecules

        numbers |= {name: Number(name, title, of_molecules(value)) for name, (value, title) in PROPERTIES.items()}
    else:
        numbers |= {one.name: Number(one.name, one.title, _property(grammar, one.name)) for one in language.properties}
    numbers["symbols"] = Number("symbols", "terminals of the string", _symbols(grammar))
    numbers["characters"] = Number("characters", "characters of the string", _characters(grammar))
    return numbers


def number_of_source(source: str, grammar: "Grammar", timeout: float | None, failures: Failures) -> Number:
    """The value of a benchmark task or a user function; failures are counted, and the value is then missing.

    Args:
        source: the source, such as `mine.py:f` or `guacamol:osimertinib_mpo`.
        grammar: the grammar of the strings.
        timeout: time limit per string in seconds; None for no limit.
        failures: collects the failures.

    Raises:
        SettingsError, DataError: as `target_named`.
    """
    try:
        target = target_named(source, grammar=grammar)
    except SettingsError as error:
        raise SettingsError(error.message.replace("target (--target)", OWNER), remedy=error.remedy) from None
    if not target.own:
        return Number(source, f"a benchmark's task on {target.language}", target.evaluate)
    name = getattr(target, "source", None) or target.name
    return Number(name, "your own function", _attempted(target, timeout, failures), own=True)


def _attempted(target: Target, timeout: float | None, failures: Failures) -> Measure:
    def measure(strings: Sequence[str]) -> np.ndarray:
        outcomes = attempts(target, list(strings), timeout) if strings else []
        for text, outcome in zip(strings, outcomes, strict=True):
            failures.add(text, outcome)
        return np.array([np.nan if one.score is None else one.score for one in outcomes], np.float64)

    return measure


def _property(grammar: "Grammar", name: str) -> Measure:
    def measure(strings: Sequence[str]) -> np.ndarray:
        values = [properties[name] for properties in grammar.language.measure(strings)]
        return np.array([np.nan if value is None else value for value in values], np.float64)

    return measure


def _symbols(grammar: "Grammar") -> Measure:
    plain = grammar.plain

    def measure(strings: Sequence[str]) -> np.ndarray:
        from grae.conditions.sizes import symbols
        from grae.grammar import codec

        encoded = codec.encode(plain, strings, on_invalid="skip")
        counted = np.full(len(strings), np.nan)
        counted[encoded.rows] = symbols(plain, encoded.derivations)
        return counted

    return measure


def _characters(grammar: "Grammar") -> Measure:
    def measure(strings: Sequence[str]) -> np.ndarray:
        return np.array([len(text) for text in strings], np.float64)

    return measure


def spelled(name: str, numbers: Mapping[str, Number]) -> list[str]:
    """The known names that a name can refer to: itself, or those that differ from it only in case."""
    return [name] if name in numbers else [other for other in numbers if other.casefold() == name.casefold()]
