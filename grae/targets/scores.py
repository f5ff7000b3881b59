"""Conversion of a target's result to one number per string."""

import math
from collections.abc import Iterable, Mapping, Set, Sized
from itertools import islice
from typing import Any

import numpy as np

from grae.targets.failures import ScoresError


def scores_of(given: Any, n: int, name: str) -> np.ndarray:
    """The result of a target for n strings, (n,) float64, NaN for None.

    Args:
        given: a list, array, tensor, table with one column, or other iterable of numbers.
        n: number of strings.
        name: name of the target, for messages.

    Raises:
        ScoresError: the result is unordered, or has another length or shape.
        TypeError: a value is neither a number nor None.
    """
    if type(given) is np.ndarray and given.shape == (n,) and given.dtype.kind == "f":
        return given.astype(np.float64)
    return np.array([number_of(value, name) for value in _one_each(given, n, name)], np.float64)


def _one_each(given: Any, n: int, name: str) -> list[Any]:
    """The result of a function of n strings, as one value per string.

    Raises:
        ScoresError: the result is unordered, or has another length or shape.
    """
    if hasattr(given, "columns") and hasattr(given, "to_numpy"):  # a table, which iterates over its columns
        given = given.to_numpy()
    shape = getattr(given, "shape", None)
    if shape is not None and tuple(shape) not in ((n,), (n, 1)):
        raise ScoresError(name, f"an array of shape {tuple(shape)}", n)
    if isinstance(given, str | bytes | Mapping | Set) or not isinstance(given, Iterable):
        raise ScoresError(name, "None" if given is None else f"a value of type {type(given).__name__}", n)
    values = list(islice(given, n + 1))
    if len(values) != n:
        number = len(given) if isinstance(given, Sized) else len(values) if len(values) < n else f"more than {n:,}"
        raise ScoresError(name, f"{number} score{'s' if number != 1 else ''}", n)
    return values


def number_of(value: Any, name: str) -> float:
    """A function's result as a number, NaN for None.

    Raises:
        TypeError: the result is neither a number nor None.
    """
    if value is None or np.ma.is_masked(value):
        return math.nan
    if callable(getattr(value, "item", None)):  # an element of an array, a tensor or a series
        try:
            value = value.item()
        except (ValueError, RuntimeError):
            shape = tuple(getattr(value, "shape", ()))
            raise TypeError(f"{name} gave an array of shape {shape}, not a number") from None
    if isinstance(value, str) or not hasattr(type(value), "__float__"):
        raise TypeError(f"{name} gave a {type(value).__name__}, not a number")
    return float(value)
