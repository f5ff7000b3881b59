"""`grae images sample`: new images from the density of the latent codes."""

import io
from typing import Annotated

import typer

from grae.bounds import MOST_BATCH
from grae.cli.images.options import ImageRun, check_suffix, image_run
from grae.cli.options import AsJson, Device, Seed
from grae.cli.output import emit, note, written
from grae.cli.tables import either
from grae.density.densities import DENSITIES


def sample(
    run: ImageRun = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, max=MOST_BATCH, help="Number of images.")] = 64,
    density: Annotated[
        str | None,
        typer.Option("--density", metavar="NAME", help=f"{either(DENSITIES)}. [default: the run's own]"),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .png of all, or the pixels as .npy; - for a PNG on stdout."
        ),
    ] = "samples.png",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Sample new images, as one picture or an array (n, height, width, channels) of bytes."""
    if out != "-":
        check_suffix(out, ".png", ".npy")
    place = image_run(run, density=density)
    import numpy as np

    from grae.images import load
    from grae.images.figure import grid_as_png

    model = load(place, device=device)
    images = model.sample(n, density=density, seed=seed)
    with written(out) as file:
        if out.endswith(".npy"):
            buffer = io.BytesIO()
            np.save(buffer, images, allow_pickle=False)
            file.write(buffer.getvalue())
        else:
            file.write(grid_as_png(images))
    if as_json and out != "-":
        emit({"run": place, "n": n, "density": density or model.settings_.density, "out": out})
    elif out != "-":
        note(f"{n:,} images in {out}")
