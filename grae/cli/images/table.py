"""`grae images table`: all models, trained and evaluated in the same way."""

from pathlib import Path
from typing import Annotated

import typer

from grae.bounds import MOST_SEED
from grae.cli.images.options import (
    Data,
    Epochs,
    Fid,
    InceptionScaling,
    InceptionWeights,
    Infinity,
    LearningRate,
    Number,
    Precision,
    ProjectorFile,
    RateSchedule,
    Width,
    check_projector,
    check_settings,
    opened,
    projector_for,
    say_bias,
)
from grae.cli.options import AsJson, Device
from grae.cli.output import emit, note, talks
from grae.cli.output import table as print_table
from grae.images.recipes import PUBLISHED_MODELS
from grae.paths import IMAGE_RUNS

UNSET = dict.fromkeys(("time_budget", "batch_size", "latent_dim", "beta", "lambda_", "density"))
"""Parameters of `ImageAutoencoder` whose values are those of the recipe in a table."""


def table(
    data: Data = "digits",
    models: Annotated[
        str | None, typer.Option("--models", metavar="NAMES", help="Comma-separated names. [default: all ten]")
    ] = None,
    width: Width = 1.0,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    schedule: RateSchedule = "plateau",
    n: Number = 10_000,
    projector: ProjectorFile = None,
    fid: Fid = False,
    inception_weights: InceptionWeights = None,
    scaling: InceptionScaling = "tensorflow",
    precision: Precision = "fp32",
    infinity: Infinity = False,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Seed of splits, weights and batches.")] = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Output folder. [default: runs/images/DATA-table]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train and measure every model on a data set; print the measures and the published figures.

    The first row is real images: training images instead of samples. The same command resumes it. The folder contains
    each model's run and the table as CSV, JSON and Markdown.
    """
    check_projector(projector, inception_weights, fid=fid)
    images = opened(data)
    names = PUBLISHED_MODELS if models is None else tuple(name.strip() for name in models.split(","))
    parameters = {
        "recipe": images.recipe,
        "width": width,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "random_state": seed,
        "device": device,
    }
    for name in names:
        check_settings({**UNSET, **parameters, "model": name}, images)
    from grae.images.measures import NAMES
    from grae.reproduction.images_table import FLOOR, PRINTED_NAMES, kernel_cell, make_table, read_rows
    from grae.training.interruption import Interrupted

    folder = out or IMAGE_RUNS / f"{Path(images.name).stem}-table"
    chosen = projector_for(images, projector, inception_weights, device, fid=fid, scaling=scaling, precision=precision)
    try:
        rows = make_table(
            folder, images, chosen, models=names, n=n, limits=infinity, tell=note, progress=talks(), **parameters
        )
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"interrupted; the same command resumes {folder}") from interrupted
    floor = next(row for row in read_rows(folder) if row["model"] == FLOOR)
    if as_json:
        return emit({"table": folder, "data": images.name, "floor": floor, "rows": rows})
    title = f"{rows[0]['feature']} of {rows[0]['n']:,} images, and the published FID"
    shown = [[row[key] for key in ("model", *NAMES, *PRINTED_NAMES)] for row in [floor, *rows]]
    for line, row in zip(shown[1:], rows, strict=True):
        line += [f"{row['mse']:.5f}", f"{row['minutes']:.1f}"]
    shown[0] += [None, None]
    print_table(["model", *NAMES, *(f"printed {name}" for name in NAMES), "mse", "minutes"], shown, title=title)
    if chosen.is_inception:
        kernels = [[row["model"], *(kernel_cell(row, name) for name in NAMES)] for row in [floor, *rows]]
        print_table(["model", *NAMES], kernels, title="KID x 1000, with its standard error")
    say_bias(rows[0]["feature"], rows[0]["n"])
    note(f"next: grae images figure {folder}")
    print(folder)
