"""`grae images table`: every model, trained and measured alike."""

from pathlib import Path
from typing import Annotated

import typer

from grae.cli.images.options import (
    Data,
    Epochs,
    InceptionWeights,
    LearningRate,
    Number,
    ProjectorFile,
    RateSchedule,
    Width,
    opened,
    projector_for,
)
from grae.cli.options import AsJson, Device
from grae.cli.output import emit, note, talks
from grae.cli.output import table as print_table
from grae.cli.runs import IMAGE_RUNS


def table(
    data: Data = "digits",
    models: Annotated[
        str | None, typer.Option("--models", metavar="NAMES", help="Names with commas between. [default: all ten]")
    ] = None,
    width: Width = 1.0,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    schedule: RateSchedule = "plateau",
    n: Number = 10_000,
    projector: ProjectorFile = None,
    inception_weights: InceptionWeights = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of splits, weights and batches.")] = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where it is kept. [default: runs/images/DATA-table]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train and measure every model on a data set, our figures beside the printed ones.

    The same command again goes on where it stopped. The folder holds each model's run and the table as CSV, JSON and
    Markdown.
    """
    images = opened(data)
    from grae.images.measures import NAMES
    from grae.images.recipes import MODELS
    from grae.images.table import make_table
    from grae.training.interruption import Interrupted

    folder = out or IMAGE_RUNS / f"{Path(images.name).stem}-table"
    chosen = projector_for(images, projector, inception_weights, device)
    names = MODELS if models is None else tuple(name.strip() for name in models.split(","))
    parameters = {
        "recipe": images.recipe,
        "width": width,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "random_state": seed,
        "device": device,
    }
    try:
        rows = make_table(folder, images, chosen, models=names, n=n, tell=note, progress=talks(), **parameters)
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"interrupted; the same command again goes on from {folder}") from interrupted
    if as_json:
        return emit({"table": folder, "data": images.name, "rows": rows})
    headings = ["model", *NAMES, *(f"printed {name}" for name in NAMES), "mse", "minutes"]
    keys = ["model", *NAMES, *(f"printed_{name}" for name in NAMES)]
    title = f"{rows[0]['feature']} of {rows[0]['n']:,} images, and the printed FID"
    shown = [[*(row[key] for key in keys), f"{row['mse']:.5f}", f"{row['minutes']:.1f}"] for row in rows]
    print_table(headings, shown, title=title)
    note(f"next: grae images figure {folder}")
    print(folder)
