"""Nested settings, as in JSON, flattened."""

from collections.abc import Mapping
from typing import Any


def flattened(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The values of nested settings by their names joined by dots, in order."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat
