"""Callbacks: code that is called during training or search, and loggers for other tools."""

from typing import TYPE_CHECKING

from grae.callbacks.events import Best, End, Evaluation, Progress, Round, Start, Step, Validation
from grae.callbacks.protocol import Callback, Stop
from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.callbacks.named import logger_named
    from grae.callbacks.to_mlflow import MLflowLogger
    from grae.callbacks.to_tensorboard import TensorBoardLogger
    from grae.callbacks.to_wandb import WandbLogger

__all__ = [
    "Best",
    "Callback",
    "End",
    "Evaluation",
    "MLflowLogger",
    "Progress",
    "Round",
    "Start",
    "Step",
    "Stop",
    "TensorBoardLogger",
    "Validation",
    "WandbLogger",
    "logger_named",
]

__getattr__ = lazy_getattr(
    __name__,
    {
        "MLflowLogger": "grae.callbacks.to_mlflow",
        "TensorBoardLogger": "grae.callbacks.to_tensorboard",
        "WandbLogger": "grae.callbacks.to_wandb",
        "logger_named": "grae.callbacks.named",
    },
)
