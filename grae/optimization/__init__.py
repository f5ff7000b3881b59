"""Bayesian optimization over the latent space: targets, surrogates, protocols, the loop and its history.

Only this room knows botorch and gpytorch, and imports them when a protocol needs a surrogate.
"""

from grae.optimization.failures import TargetError, TargetFailedWarning
from grae.optimization.functions import FunctionTarget
from grae.optimization.loop import PACES, optimize
from grae.optimization.result import Best, SearchResult
from grae.optimization.targets import BUILT_IN, Target, target_named

__all__ = [
    "BUILT_IN",
    "PACES",
    "Best",
    "FunctionTarget",
    "SearchResult",
    "Target",
    "TargetError",
    "TargetFailedWarning",
    "optimize",
    "target_named",
]
