"""The folder of an experiment of many parts, resumed by the same command: its request and its table.

experiment.json    the request
table.csv, table.json, table.md
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grae import files
from grae.errors import RunError

EXPERIMENT = "experiment.json"
ANOTHER = "give another folder"

Row = dict[str, Any]


def same_experiment(folder: Path, requested: Mapping[str, Any]) -> None:
    """Checks that a folder is new or holds this experiment, and records the request.

    Args:
        folder: the folder.
        requested: everything that may not change, as in JSON.

    Raises:
        RunError: the folder holds another experiment, or other files.
    """
    path = folder / EXPERIMENT
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise RunError(f"{folder} is not empty, and holds no {EXPERIMENT}", remedy=ANOTHER)
        files.write_json(path, dict(requested))
        return
    stored = files.read_json(path, remedy=ANOTHER)
    stored = stored if isinstance(stored, dict) else {}
    files.check_unchanged(folder, stored, requested, what="holds another experiment")


def write_table(
    folder: Path, columns: Sequence[str], rows: Sequence[Row], markdown: str, *, flat: Sequence[Row] | None = None
) -> None:
    """Writes rows as table.csv and table.json, and their Markdown as table.md.

    Args:
        folder: destination.
        columns: columns of the CSV.
        rows: the rows of the table.
        markdown: the table as Markdown.
        flat: the rows for the CSV, if some cells of `rows` are neither numbers nor text.

    Raises:
        RunError: a file cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows if flat is None else flat)
    files.write_text(folder / "table.csv", text.getvalue())
    files.write_json(folder / "table.json", list(rows))
    files.write_text(folder / "table.md", markdown)
