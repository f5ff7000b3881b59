"""Targets from user functions that map a string to a number, or a list of strings to numbers."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, Self

import numpy as np

from grae.targets.scores import number_of, scores_of
from grae.targets.target import Direction
from grae.targets.user_code import Source

Function = Callable[[str], Any] | Callable[[list[str]], Iterable[Any]]


class FunctionTarget:
    """A function of a string that returns a number, or None or NaN for an invalid string.

    An array or tensor with one element counts as a number. An object with a method `evaluate`, or a function with
    `batch`, takes a list of strings and returns as many numbers. A `direction` attribute of the object is respected.

    Args:
        function: the function, or an object with `evaluate`; a class with `evaluate` is instantiated without arguments.
        direction: direction of improvement.
        batch: whether the function takes a list of strings.
        name: name of the target; by default the function's.
    """

    language: str | None = None
    own = True

    def __init__(
        self, function: Any, direction: Direction = "maximize", *, batch: bool = False, name: str | None = None
    ) -> None:
        self.source: str | None = None
        self._make = partial(_callable, function)
        self._settle(function, direction, batch, name or getattr(function, "__name__", type(function).__name__))

    @classmethod
    def named(cls, source: str, direction: Direction = "maximize", *, batch: bool = False) -> Self:
        """The target of a source, which worker processes can load again. This imports user code.

        Raises:
            SettingsError: there is no such module, file or function, or it cannot be loaded.
        """
        where = Source.read(source)
        return cls._of(where, where.load(), direction, batch)

    @classmethod
    def _of(cls, where: Source, found: Any, direction: Direction, batch: bool) -> Self:
        target = cls.__new__(cls)
        target.source = str(where)
        target._make = partial(_loaded, where)
        target._settle(found, direction, batch, where.short)
        return target

    def _settle(self, found: Any, direction: Direction, batch: bool, name: str) -> None:
        stated = getattr(found, "direction", None)
        self.direction: Direction = stated if stated in ("maximize", "minimize") else direction
        self.batch = batch or hasattr(found, "evaluate")
        self.name = name
        self.worst = -np.inf if self.direction == "maximize" else np.inf
        self._function: Callable[..., Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """The state without the function if that can be loaded: another process loads it on its first call."""
        return {**self.__dict__, "_function": None}

    def __repr__(self) -> str:
        return f"FunctionTarget({self.name!r})"

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The function's value for each string, (n,) float64.

        Raises:
            TypeError: the function returns something other than a number or None for a string.
            ScoresError: the function takes a list of strings and does not return one score per string.
        """
        if self._function is None:
            self._function = self._make()
        if not self.batch:
            return np.array([number_of(self._function(text), self.name) for text in strings], np.float64)
        return scores_of(self._function(list(strings)), len(strings), self.name)


def _callable(found: Any) -> Callable[..., Any]:
    """The function itself, or the method of an object or of an instance of a class."""
    if not hasattr(found, "evaluate"):
        return found
    return found().evaluate if isinstance(found, type) else found.evaluate


@cache
def _loaded(where: Source) -> Callable[..., Any]:
    """The object of a source, loaded once per process."""
    return _callable(where.load())
