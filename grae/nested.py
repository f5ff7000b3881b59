"""Settings nested in settings, as JSON holds them, on one level."""

from collections.abc import Mapping
from typing import Any


def flattened(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The values of nested settings by their names, joined by dots, in their order."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat
