"""Bayesian optimization over the latent space: targets, surrogates, strategies, the loop and its history.

Only this room knows botorch and gpytorch, and imports them when a strategy needs a surrogate. The names below are
imported when they are used, so that a process which only scores strings starts quickly.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grae.optimization.failures import TargetError, TargetFailedWarning
    from grae.optimization.functions import FunctionTarget
    from grae.optimization.loop import optimize
    from grae.optimization.result import Best, SearchResult
    from grae.optimization.setup import Setup
    from grae.optimization.strategies import STRATEGIES, Pace, StrategyRow
    from grae.optimization.target import Target
    from grae.optimization.targets import TARGETS, TargetRequest, TargetRow, target_named

_HOMES = {
    "Best": "result",
    "FunctionTarget": "functions",
    "Pace": "strategies",
    "STRATEGIES": "strategies",
    "TARGETS": "targets",
    "SearchResult": "result",
    "Setup": "setup",
    "StrategyRow": "strategies",
    "Target": "target",
    "TargetError": "failures",
    "TargetFailedWarning": "failures",
    "TargetRequest": "targets",
    "TargetRow": "targets",
    "optimize": "loop",
    "target_named": "targets",
}

__all__ = [
    "STRATEGIES",
    "TARGETS",
    "Best",
    "FunctionTarget",
    "Pace",
    "SearchResult",
    "Setup",
    "StrategyRow",
    "Target",
    "TargetError",
    "TargetFailedWarning",
    "TargetRequest",
    "TargetRow",
    "optimize",
    "target_named",
]


def __getattr__(name: str) -> Any:
    """A public name of this room, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
