"""The run folder: names of its files, and safe reading and writing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from grae import files
from grae.errors import RunError
from grae.paths import CONFIG_FILE, DENSITY_FILE, GRAMMAR_FILE, LANGUAGE_FILE, METRICS_FILE, MODEL_FILE

FOREIGN = "give the folder of a run made by `grae train`, or restore the file from a copy"


class RunFolder:
    """The folder of one run.

    Every file is written to a temporary name and renamed, so that a kill at any moment leaves the old file or the new
    one. Nothing is pickled: tensors are safetensors, the rest JSON or text.

    Args:
        path: the folder; created with the first file.
    """

    MODEL = MODEL_FILE
    CONFIG = CONFIG_FILE
    GRAMMAR = GRAMMAR_FILE
    LANGUAGE = LANGUAGE_FILE
    DENSITY = DENSITY_FILE
    METRICS = METRICS_FILE
    REPORT = "report.html"
    CHECKPOINT = "state/checkpoint.safetensors"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def has(self, name: str) -> bool:
        """Whether the file exists."""
        return (self / name).is_file()

    def check_unused(self) -> None:
        """Checks that a new training would not overwrite another. Raises RunError: the folder holds one."""
        if self.has(self.CHECKPOINT):
            raise RunError(
                f"{self.path} already holds a training ({self / self.CHECKPOINT})",
                remedy="--resume to continue it, or give another folder",
            )

    def write_text(self, name: str, text: str) -> None:
        """Writes UTF-8 text. Raises RunError: the file cannot be written."""
        files.write_text(self / name, text)

    def write_json(self, name: str, value: Any) -> None:
        """Writes a JSON value. Raises RunError: the file cannot be written."""
        files.write_json(self / name, value)

    def write_tensors(self, name: str, tensors: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> None:
        """Writes numpy arrays or torch tensors as safetensors, `about` as JSON in its header. Raises RunError."""
        files.write_tensors(self / name, tensors, about)

    def append_jsonl(self, name: str, record: Mapping[str, Any]) -> int:
        """Appends a line of JSON, synced to disk; returns the file's length in bytes. Raises RunError."""
        return files.append_jsonl(self / name, record)

    def read_text(self, name: str) -> str:
        """The file's text. Raises RunError (missing, not text)."""
        return files.read_text(self / name, remedy=FOREIGN)

    def read_json(self, name: str) -> Any:
        """The file's JSON value. Raises RunError (missing, truncated, not JSON)."""
        return files.read_json(self / name, remedy=FOREIGN)

    def read_jsonl(self, name: str) -> list[Any]:
        """The value of each line, except an incomplete last one. Raises RunError (missing, not JSON lines)."""
        return files.read_jsonl(self / name, remedy=FOREIGN)

    def read_tensors(self, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The arrays by name, and `about` as written. Raises RunError (missing, truncated, of another format)."""
        return files.read_tensors(self / name, remedy=FOREIGN)
