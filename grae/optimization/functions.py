"""Targets of the user's own: a Python function from a string to a number."""

import importlib
import importlib.util
import math
from collections.abc import Callable, Sequence
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import Self, cast

import numpy as np

from grae.errors import SettingsError
from grae.optimization.targets import Direction

Function = Callable[[str], float | None]


class FunctionTarget:
    """A function that takes one string and gives a number, or None or NaN for an invalid string.

    Args:
        function: the function.
        direction: which way it improves.
        source: `module:function` or `file.py:function`, from which another process can load it again; None for a
            function that only this process has.
    """

    language: str | None = None
    own = True

    def __init__(self, function: Function, direction: Direction = "maximize", *, source: str | None = None) -> None:
        self.function = function
        self.direction: Direction = direction
        self.source = source
        self.name = source or getattr(function, "__name__", type(function).__name__)
        self.worst = -np.inf if direction == "maximize" else np.inf

    @classmethod
    def named(cls, source: str, direction: Direction = "maximize") -> Self:
        """The function of a source. This imports the user's own code, which is what they asked for.

        Raises:
            SettingsError: there is no such module, file or function.
        """
        return cls(_load(source), direction, source=source)

    def __reduce__(self) -> tuple[Callable, tuple]:
        """By its source where it has one, so that another process imports it as this one did."""
        if self.source is not None:
            return _again, (self.source, self.direction)
        return FunctionTarget, (self.function, self.direction)

    def __repr__(self) -> str:
        return f"FunctionTarget({self.name!r})"

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """What the function gives for each string, (n,) float64.

        Raises:
            TypeError: it gives something else than a number or None.
        """
        return np.array([self._one(text) for text in strings], np.float64)

    def _one(self, text: str) -> float:
        value = self.function(text)
        if value is None:
            return math.nan
        if not isinstance(value, Real) and not (isinstance(value, np.ndarray) and value.ndim == 0):
            raise TypeError(f"{self.name} gave a {type(value).__name__}, not a number")
        return float(value)


def _again(source: str, direction: Direction) -> FunctionTarget:
    return FunctionTarget.named(source, direction)


def _load(source: str) -> Function:
    place, _, name = source.rpartition(":")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        own = {key: value for key, value in vars(module).items() if not key.startswith("_") and callable(value)}
        offered = [key for key, value in own.items() if getattr(value, "__module__", None) == module.__name__]
        raise SettingsError.unknown("function", name, offered, otherwise=f"define it in {place}")
    return cast(Function, function)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SettingsError(f"target: there is no file {path}", remedy="check the path before the ':'")
    spec = importlib.util.spec_from_file_location(f"_grae_target_{path.stem}", path.absolute())
    if spec is None or spec.loader is None:
        raise SettingsError(f"target: {path} is no Python file", remedy="give a .py file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _from_module(name: str) -> ModuleType:
    try:
        found = name and importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        found = None
    if not found:
        raise SettingsError(
            f"target: there is no module {name!r}", remedy="install it, or give the path of its .py file before the ':'"
        )
    return importlib.import_module(name)
