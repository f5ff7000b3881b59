"""Where data are stored: the user's local copies, and the cache of downloads and computed files."""

import os
from pathlib import Path

from grae.errors import DataError

DATA_HOME = "GRAE_DATA_HOME"
CACHE_HOME = "GRAE_CACHE_HOME"


def data_home() -> Path | None:
    """The folder of local copies, `GRAE_DATA_HOME`; None if it is not set.

    Raises:
        DataError: it is not a folder.
    """
    named = os.environ.get(DATA_HOME)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"{DATA_HOME} names no folder: {named}", remedy=f"correct it, or unset {DATA_HOME}")
    return folder


def cache_home() -> Path:
    """The folder of downloads and derivation stores: `GRAE_CACHE_HOME`, else the system's cache folder."""
    if named := os.environ.get(CACHE_HOME):
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("grae"))
