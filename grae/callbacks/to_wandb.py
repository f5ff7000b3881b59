"""Logging to Weights & Biases."""

from collections.abc import Mapping
from typing import Any

from grae.callbacks.events import End, Start
from grae.callbacks.loggers import PROJECT, Logger, keep_id, kept_id, run_name
from grae.errors import SettingsError

TOOL = "wandb"


class WandbLogger(Logger):
    """Logs to Weights & Biases, configured by its own settings: `wandb login`, WANDB_MODE=offline, WANDB_ENTITY, ...

    A resumed run continues the same run there.

    Args:
        project: name of the project.
        every: steps between logged loss terms.

    Raises:
        MissingExtraError: wandb is not installed.
    """

    package = "wandb"
    extra = "wandb"

    def __init__(self, project: str = PROJECT, *, every: int = 10) -> None:
        super().__init__(every)
        self.project = project
        self.run: Any = None

    def on_start(self, start: Start) -> None:
        """Opens a run. Raises SettingsError if wandb is not logged in."""
        import wandb  # pyright: ignore[reportMissingImports]

        try:
            self.run = wandb.init(
                project=self.project,
                name=run_name(start),
                id=kept_id(start, TOOL),
                resume="allow",
                config=dict(start.settings),
                job_type=start.kind,
                reinit="create_new",
                settings=wandb.Settings(console="off"),  # keeps the terminal to the progress bar
            )
        except wandb.errors.UsageError as error:
            remedy = "run `wandb login`, or set WANDB_MODE=offline and `wandb sync` it later"
            raise SettingsError(f"Weights & Biases: {error}", remedy=remedy) from error
        keep_id(start, TOOL, self.run.id)
        self.run.define_metric("count")
        self.run.define_metric("*", step_metric="count")  # so that steps repeated after a kill are accepted

    def write(self, numbers: Mapping[str, float], step: int) -> None:
        """See Logger."""
        self.run.log({**numbers, "count": step})

    def on_end(self, end: End) -> None:
        """Closes the run."""
        if self.run is not None:
            self.run.finish(exit_code=0 if end.error is None else 1)
            self.run = None
