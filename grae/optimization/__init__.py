"""Bayesian optimization over the latent space: surrogates, strategies, the search loop and its history.

Only this package imports botorch and gpytorch, and only when a strategy needs a surrogate. The names below are imported
on first use, so that worker processes start quickly.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.optimization.result import Best, SearchResult
    from grae.optimization.search import optimize
    from grae.optimization.search_settings import SearchSettings
    from grae.optimization.setup import Setup
    from grae.optimization.strategies import STRATEGIES, Pace, StrategyRow
    from grae.targets import (
        TARGETS,
        FunctionTarget,
        Target,
        TargetError,
        TargetFailedWarning,
        TargetRequest,
        TargetRow,
        target_named,
    )

_HOMES = {
    "Best": "result",
    "Pace": "strategies",
    "STRATEGIES": "strategies",
    "SearchResult": "result",
    "SearchSettings": "search_settings",
    "Setup": "setup",
    "StrategyRow": "strategies",
    "optimize": "search",
}
_TARGETS = (
    "FunctionTarget",
    "TARGETS",
    "Target",
    "TargetError",
    "TargetFailedWarning",
    "TargetRequest",
    "TargetRow",
    "target_named",
)
"""Names of `grae.targets` that are also exported here."""
__all__ = [
    "STRATEGIES",
    "TARGETS",
    "Best",
    "FunctionTarget",
    "Pace",
    "SearchResult",
    "SearchSettings",
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
_MODULES = {name: f"{__name__}.{module}" for name, module in _HOMES.items()}
__getattr__ = lazy_getattr(__name__, _MODULES | dict.fromkeys(_TARGETS, "grae.targets"))


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
