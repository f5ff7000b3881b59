"""`grae images figure`: the paper's figure of several models."""

from pathlib import Path
from typing import Annotated

import typer

from grae.bounds import MOST_COLUMNS
from grae.cli.images.options import (
    Fid,
    InceptionScaling,
    InceptionWeights,
    Number,
    Precision,
    check_projector,
    check_suffix,
    counted,
    data_of,
    projector_for,
)
from grae.cli.options import AsJson, Device, Seed
from grae.cli.output import emit, note
from grae.cli.runs import find_run
from grae.errors import RunError, SettingsError
from grae.paths import IMAGE_RUNS, MODEL_FILE


def figure(
    runs: Annotated[
        list[str], typer.Argument(metavar="FOLDER...", help="A table's folder, or runs on the same data set.")
    ],
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="NAMES", help="Models of a table, comma-separated. [default: vae, wae, RAEs]"),
    ] = None,
    columns: Annotated[
        int, typer.Option("--columns", min=2, max=MOST_COLUMNS, help="Images per line of each panel.")
    ] = 8,
    fid: Fid = False,
    inception_weights: InceptionWeights = None,
    scaling: InceptionScaling = "tensorflow",
    precision: Precision = "fp32",
    n: Number = 10_000,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PNG", help="Output file.")] = Path("figure.png"),
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Draw reconstructions below their originals, random samples and interpolations, one line per model.

    With --fid, each model's name is followed by the distance of --number samples.
    """
    check_suffix(out, ".png")
    places = _runs_of(runs, models)
    names = list(places)
    check_projector(None, inception_weights, fid=fid)
    digests = {name: _digest(place) for name, place in places.items()}
    for name, place in places.items():
        if digests[name] != digests[names[0]]:
            raise RunError(
                f"{place} was trained on other images than {places[names[0]]}", remedy="give runs on the same data"
            )
    images = data_of(places[names[0]])
    from grae.images import load
    from grae.images.figure import draw_figure
    from grae.images.measures import HeldOut
    from grae.images.recipes import models_of_images

    loaded = {name: load(place, device=device) for name, place in places.items()}
    named = {name.upper() if name in models_of_images() else name: model for name, model in loaded.items()}
    distances: dict[str, float] = {}
    if fid or inception_weights is not None:
        chosen = projector_for(images, None, inception_weights, device, fid=fid, scaling=scaling, precision=precision)
        with counted("measuring", (1 + len(named)) * min(n, len(images.test.images))) as tell:
            held_out = HeldOut(images.test.images, chosen, n=n, seed=seed, tell=tell)
            for name, model in named.items():
                codes = model.density_named(None).sample(held_out.n, seed)
                distances[name] = held_out.distance(model.decoded(codes)).frechet
        named = {f"{name}  {chosen.label} {distances[name]:.1f}": model for name, model in named.items()}
    draw_figure(named, images.test.images, out, columns=columns, seed=seed)
    if as_json:
        return emit({"figure": out, "models": names, **({"distances": distances} if distances else {})})
    note(f"{', '.join(names)} in:")
    print(out)


def _digest(place: Path) -> object:
    """The checksum of a run's training images. Raises RunError: the run is damaged or on strings."""
    from grae.images.configuration import read_config, read_settings
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    read_settings(folder)
    return read_config(folder)["data"].get("sha256")


def _runs_of(given: list[str], models: str | None) -> dict[str, Path]:
    """The runs by label: those in a table's folder, or the given ones.

    Raises:
        RunError: there is no such run.
        SettingsError: both models and runs are named.
    """
    places = [find_run(name, holds=None, under=IMAGE_RUNS) for name in given]
    if len(places) == 1 and not (places[0] / MODEL_FILE).is_file():
        from grae.images.figure import SHOWN

        names = SHOWN if models is None else [name.strip() for name in models.split(",")]
        runs = {name: places[0] / name for name in names if (places[0] / name / MODEL_FILE).is_file()}
        missing = [] if models is None else [name for name in names if name not in runs]
        if missing or not runs:
            raise RunError(
                f"{places[0]} holds no complete run of {', '.join(missing or names)}",
                remedy="give the folder of a finished `grae images table`, or the folders of runs",
            )
        return runs
    if models is not None:
        raise SettingsError("--models requires the folder of a table, not runs", remedy="omit it")
    names = [place.name for place in places]
    return {name if names.count(name) == 1 else str(place): place for name, place in zip(names, places, strict=True)}
