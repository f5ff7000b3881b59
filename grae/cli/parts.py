"""Parts of jobs divided among machines: the option --shard, and the description next to a part's file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from grae.errors import SettingsError
from grae.shards import SUFFIX, Part, Shard

NAMES = {
    "grae": "version of grae",
    "run": "checksum of the run's weights",
    "densities": "checksum of the run's densities",
    "input.sha256": "checksum of the input",
}
"""Names of a job's values in messages, where they differ from the keys."""
NO_STDOUT = "--json prints one object on stdout"


def shard_named(shard: str | None, out: str) -> Shard:
    """The requested shard; the whole job if none is requested.

    Args:
        shard: the value of --shard.
        out: the value of --out, where the part is written.

    Raises:
        SettingsError: the shard is not i/n, or there is no file for the part.
    """
    if shard is None:
        return Shard()
    part = Shard.parse(shard)
    if out == "-" or (Path(out).exists() and not Path(out).is_file()):
        raise SettingsError("--shard writes its part to a file", remedy="give --out FILE, another one for each part")
    return part


def job_of(place: Path) -> dict[str, Any]:
    """The values that every job with a run depends on.

    Args:
        place: run folder.
    """
    from grae.datasets.readers import file_checksum
    from grae.paths import MODEL_FILE
    from grae.version import __version__

    return {"grae": __version__, "run": file_checksum(place / MODEL_FILE)}


def write_part(
    out: str,
    verb: str,
    shard: Shard,
    job: Mapping[str, Any],
    about: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Writes the description of a part next to its file.

    Args:
        out: file of the part.
        verb: the command.
        shard: the shard.
        job: everything that the result of the whole job depends on.
        about: counts of the part.
        arrays: the layout of the part's file (`BlockFile.arrays`), and further results.

    Raises:
        RunError: the description cannot be written.
    """
    Part(Path(f"{out}{SUFFIX}"), verb, shard, job, about).write(arrays)
