"""Location of the files that come with grae: beside the package in a checkout, inside it once installed."""

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).parent


def shipped(kind: Literal["grammars", "data", "models"]) -> Path:
    """The folder of the shipped grammars (`*.cfg`), of the data set registry or of the pretrained models.

    Raises:
        FileNotFoundError: the installation is broken: the folder is in neither place.
    """
    for folder in (PACKAGE / kind, PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the installed grae has no folder {kind!r} at {PACKAGE}; reinstall it")
