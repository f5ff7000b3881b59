"""Loggers by name."""

from grae.callbacks.loggers import PROJECT, Logger
from grae.callbacks.to_mlflow import MLflowLogger
from grae.callbacks.to_tensorboard import TensorBoardLogger
from grae.callbacks.to_wandb import WandbLogger
from grae.errors import SettingsError


def logger_named(text: str) -> Logger:
    """The logger for `tensorboard[:FOLDER]`, `mlflow[:EXPERIMENT]` or `wandb[:PROJECT]`.

    Raises:
        SettingsError: there is no such logger.
        MissingExtraError: its package is not installed.
    """
    name, _, where = text.partition(":")
    if name == "tensorboard":
        return TensorBoardLogger(where or None)
    if name == "mlflow":
        return MLflowLogger(where or PROJECT)
    if name == "wandb":
        return WandbLogger(where or PROJECT)
    known = ("tensorboard", "mlflow", "wandb")
    raise SettingsError.unknown("logger", name, known, otherwise="write tensorboard:FOLDER, mlflow or wandb")
