"""Targets score strings: the built-in ones by name, formulas of them, benchmark tasks, and user functions.

The names below are imported on first use, so that help texts and worker processes start quickly.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.targets.failures import TargetError, TargetFailedWarning
    from grae.targets.functions import FunctionTarget
    from grae.targets.named import TARGETS, TargetRequest, TargetRow, target_named
    from grae.targets.target import Target

_HOMES = {
    "FunctionTarget": "functions",
    "TARGETS": "named",
    "Target": "target",
    "TargetError": "failures",
    "TargetFailedWarning": "failures",
    "TargetRequest": "named",
    "TargetRow": "named",
    "target_named": "named",
}
__all__ = [
    "TARGETS",
    "FunctionTarget",
    "Target",
    "TargetError",
    "TargetFailedWarning",
    "TargetRequest",
    "TargetRow",
    "target_named",
]
__getattr__ = lazy_getattr(__name__, {name: f"{__name__}.{module}" for name, module in _HOMES.items()})


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
