"""Kinds of paths, without errors for impossible ones (too long, or with a null byte), and the location of runs."""

import stat
from pathlib import Path

RUNS = Path("runs")
IMAGE_RUNS = RUNS / "images"
"""Where commands store runs, and look for them by name."""
CONFIG_FILE, MODEL_FILE = "config.json", "model.safetensors"
"""Files of a run: it has begun if the first exists, and is finished if the second does."""
GRAMMAR_FILE, LANGUAGE_FILE = "grammar.cfg", "language.cfg"
"""The grammar of a run's derivations, and the grammar that was named, if it differs."""
SPLIT_FILE, DENSITY_FILE, METRICS_FILE = "split.safetensors", "density.safetensors", "metrics.jsonl"
REJECTS_FILE = "rejects.tsv"
"""The lines of the data skipped by a run."""


def exists(path: Path) -> bool:
    """Whether a path exists; False for an impossible one."""
    return _mode(path) != 0


def is_dir(path: Path) -> bool:
    """Whether a path is a folder, as `exists`."""
    return stat.S_ISDIR(_mode(path))


def is_file(path: Path) -> bool:
    """Whether a path is a regular file, as `exists`."""
    return stat.S_ISREG(_mode(path))


def is_pipe(path: Path) -> bool:
    """Whether a path is a pipe or a socket, which can be read only once."""
    mode = _mode(path)
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def is_device(path: Path) -> bool:
    """Whether a path is a device such as /dev/full, which can be read endlessly."""
    mode = _mode(path)
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def place_named(run: str | Path, under: Path = RUNS) -> Path:
    """The folder of a run: the path itself if it exists, else the folder of that name under `under`."""
    place = Path(run)
    return under / place if not exists(place) and is_dir(under / place) else place


def _mode(path: Path) -> int:
    """The mode of a path from `os.stat`; 0 if it does not exist or is not accessible."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0
