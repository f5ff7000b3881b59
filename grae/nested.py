"""Nested settings, as in JSON, flattened."""

from collections.abc import Mapping
from typing import Any


def flattened(settings: Mapping[str, Any], before: str = "", *, empty: bool = False) -> dict[str, Any]:
    """The values of nested settings by their names joined by dots, in order.

    Args:
        settings: nested settings.
        before: prefix of the names.
        empty: whether an empty mapping counts as a value; otherwise it is dropped.
    """
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and (value or not empty):
            flat |= flattened(value, f"{before}{name}.", empty=empty)
        else:
            flat[f"{before}{name}"] = value
    return flat
