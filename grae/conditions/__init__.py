"""Conditions on strings, such as `logP < 3 and not substructure('[N+](=O)[O-]')`, and sampling under them.

`Condition` determines which strings fulfil a condition, and how far the others violate it.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.conditions.condition import Condition
    from grae.conditions.steering import ConditionUnmetError, SteeredSamples

_HOMES = {"Condition": "condition", "ConditionUnmetError": "steering", "SteeredSamples": "steering"}
__all__ = ["Condition", "ConditionUnmetError", "SteeredSamples"]
__getattr__ = lazy_getattr(__name__, {name: f"{__name__}.{module}" for name, module in _HOMES.items()})


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
