"""Several densities in one safetensors file."""

from collections.abc import Mapping
from pathlib import Path

from grae import files
from grae.density.base import Density
from grae.density.densities import DENSITIES, RENAMED
from grae.errors import RunError

FORMAT = "grae densities"
VERSION = 1
REMEDY = "restore the file from a copy, or fit the densities again"


def save_densities(path: str | Path, densities: Mapping[str, Density]) -> None:
    """Writes fitted densities, by names in `DENSITIES`, to one file, atomically.

    Raises:
        RunError: the file cannot be written.
    """
    arrays, about = {}, {}
    for name, density in densities.items():
        if type(density) is not DENSITIES.get(name):
            raise KeyError(f"{name!r} is not the name of a {type(density).__name__}")
        state, about[name] = density.state()
        arrays |= {f"{name}/{array_name}": array for array_name, array in state.items()}
    files.write_tensors(Path(path), arrays, {"format": FORMAT, "version": VERSION, "densities": about})


def load_densities(path: str | Path) -> dict[str, Density]:
    """Loads the densities of a file by name, bit-identical to the saved ones.

    Raises:
        RunError: the file is missing, truncated or of another format, or an array has NaN values or the wrong shape.
    """
    path = Path(path)
    arrays, about = files.read_tensors(path, remedy=REMEDY)
    listed = about.get("densities")
    if about.get("format") != FORMAT or about.get("version") != VERSION or not isinstance(listed, dict):
        raise RunError(f"{path} is not a file of densities (format {FORMAT!r}, version {VERSION})", remedy=REMEDY)
    stray = [name for name in arrays if name.partition("/")[0] not in listed]
    if stray:
        raise RunError(f"{path} holds an array of no density: {stray[0]}", remedy=REMEDY)
    densities = {}
    for stored, state in listed.items():
        name = str(RENAMED.get(stored, stored))
        if name not in DENSITIES or not isinstance(state, dict):
            raise RunError(f"{path} holds an unknown density {name!r}; known: {', '.join(DENSITIES)}", remedy=REMEDY)
        own = {full.partition("/")[2]: array for full, array in arrays.items() if full.partition("/")[0] == stored}
        try:
            densities[name] = DENSITIES[name].from_state(own, state)
        except ValueError as error:
            raise RunError(f"{path}: density {name!r}: {error}", remedy=REMEDY) from error
    return densities
