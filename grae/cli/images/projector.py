"""`grae images projector`: a classifier whose features are used for distances."""

from pathlib import Path
from typing import Annotated

import typer

from grae.cli.images.options import Data, Epochs, opened
from grae.cli.options import AsJson, Device, TrainingSeed
from grae.cli.output import emit, note, talks
from grae.errors import RunError


def projector(
    data: Data = "digits",
    epochs: Epochs = None,
    seed: TrainingSeed = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .safetensors file. [default: the cache, where it is found]"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a classifier on a data set's training images, whose features distances use.

    Without labels, it learns to predict rotations. `evaluate` and `table` train one if needed.
    """
    if out is not None:
        _check_new(out)
    images = opened(data)
    from grae.images.projectors import make_projector, standard_projector_path

    place = standard_projector_path(images) if out is None else out
    _check_new(place)
    about = make_projector(images, place, epochs=epochs, seed=seed, device=device, progress=talks())
    if as_json:
        return emit({"projector": place, **about})
    note(f"{about['name']}: {about['accuracy']:.1%} of held-back images right after {about['epochs']} epochs")
    print(place)


def _check_new(place: Path) -> None:
    """Checks that a projector can be written to a path. Raises RunError: it cannot."""
    if place.suffix != ".safetensors":
        raise RunError(f"--out {place} is not a valid projector file name", remedy="end it in .safetensors")
    if place.exists():
        raise RunError(f"{place} is already there", remedy="remove it, or choose another file with --out")
