"""Logging to TensorBoard."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grae.callbacks.events import End, Start
from grae.callbacks.loggers import Logger, run_name
from grae.errors import SettingsError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SUBFOLDER = "tensorboard"


class TensorBoardLogger(Logger):
    """Writes event files, for `tensorboard --logdir FOLDER`.

    A resumed run purges the events after the checkpoint it resumes from, since they are logged again.

    Args:
        folder: folder in which each run writes to a subfolder of its name; by default `tensorboard` in the run folder.
        every: steps between logged loss terms.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

    package = "tensorboard"
    extra = "tensorboard"

    def __init__(self, folder: str | Path | None = None, *, every: int = 10) -> None:
        super().__init__(every)
        self.folder = None if folder is None else Path(folder)
        self.writer: SummaryWriter | None = None

    def on_start(self, start: Start) -> None:
        """Opens the file. Raises SettingsError if there is no folder to write to."""
        from torch.utils.tensorboard import SummaryWriter

        name = run_name(start)
        if self.folder is not None:
            place = self.folder / name if name else self.folder
        elif start.folder is not None:
            place = start.folder / SUBFOLDER
        else:
            raise SettingsError("TensorBoard's files have no folder", remedy="give TensorBoardLogger a folder")
        self.writer = SummaryWriter(str(place), purge_step=start.done + 1 if start.done else None)
        if not start.done:
            self.writer.add_text("settings", f"```\n{json.dumps(start.settings, indent=1, default=str)}\n```")

    def write(self, numbers: Mapping[str, float], step: int) -> None:
        """See Logger."""
        assert self.writer is not None  # set by on_start
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)

    def on_end(self, end: End) -> None:
        """Closes the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
