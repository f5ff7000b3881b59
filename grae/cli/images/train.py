"""`grae images train`: training an autoencoder on images."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.bounds import MOST_BATCH, WIDEST_CODE
from grae.cli.distributed import launched, main_process_first, together
from grae.cli.images.options import (
    Data,
    Epochs,
    LearningRate,
    RateSchedule,
    Width,
    check_settings,
    data_of,
    image_run,
    opened,
)
from grae.cli.options import AsJson, Device, Log, Resume, TrainingSeed
from grae.cli.output import emit, note, say_ended, training_progress
from grae.cli.resuming import on_command_line, with_changes
from grae.cli.runs import check_new, place_for
from grae.cli.tables import either
from grae.density.densities import DENSITIES
from grae.images.recipes import models_of_images
from grae.paths import CONFIG_FILE, IMAGE_RUNS

if TYPE_CHECKING:
    from grae.callbacks import Callback
    from grae.images import ImageAutoencoder, ImageSet


def train(
    context: typer.Context,
    data: Data = "digits",
    model: Annotated[
        str,
        typer.Option("--model", help=f"The autoencoder: {', '.join(models_of_images())}."),
    ] = "rae-l2",
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="Recipe of network, weights and schedule. [default: by the data or image size]"),
    ] = None,
    width: Width = 1.0,
    epochs: Epochs = None,
    time_budget: Annotated[
        float | None, typer.Option("--time-budget", metavar="MIN", help="Minutes of training, instead of epochs.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, max=MOST_BATCH, help="Images per step.")
    ] = None,
    learning_rate: LearningRate = None,
    schedule: RateSchedule = "plateau",
    latent_dim: Annotated[
        int | None, typer.Option("--latent-dim", min=1, max=WIDEST_CODE, help="Latent dimensions.")
    ] = None,
    beta: Annotated[float | None, typer.Option("--beta", min=0, help="Weight of the latent penalty.")] = None,
    lambda_: Annotated[
        float | None, typer.Option("--lambda", min=0, help="Weight of the decoder's regularizer.")
    ] = None,
    density: Annotated[
        str | None,
        typer.Option(
            "--density",
            metavar="NAME",
            help=f"Density to sample from: {either(DENSITIES)}. [default: by the model]",
        ),
    ] = None,
    seed: TrainingSeed = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="RUN", help="The run's folder. [default: a new one in runs/images/]"),
    ] = None,
    resume: Resume = False,
    log: Log = None,
    as_json: AsJson = False,
) -> None:
    """Train an autoencoder on images. Ctrl-C saves; --resume continues."""
    parameters: dict[str, Any] = {
        "model": model,
        "recipe": recipe,
        "width": width,
        "epochs": epochs,
        "time_budget": time_budget,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "latent_dim": latent_dim,
        "beta": beta,
        "lambda_": lambda_,
        "density": density,
        "random_state": seed,
        "device": device,
    }
    from grae.callbacks import logger_named

    loggers = [logger_named(text) for text in log or ()]
    with together(device) as speaks:
        if resume:
            given = on_command_line(context, {**parameters, "data": data})
            ended = _resume_run(image_run(None if out is None else str(out), holds=CONFIG_FILE), given, loggers)
        else:
            ended = _start_run(data, parameters, out, loggers)
        if speaks:
            _print(*ended, as_json)


def _start_run(
    data: str, parameters: dict[str, Any], out: Path | None, callbacks: "Sequence[Callback]"
) -> "tuple[Path, ImageAutoencoder]":
    """Trains a new run."""
    from grae.images.recipes import model_of_images, recipe_named

    # invalid options are reported before torch is imported, which takes seconds
    model_of_images(parameters["model"])
    if parameters["density"] is not None:
        DENSITIES.check(parameters["density"])
    if parameters["recipe"] is not None:
        recipe_named(parameters["recipe"])
    if not launched():  # in distributed training rank 0 checks, below
        check_new(out)
    with main_process_first():
        images = opened(data)
    check_settings(parameters, images)
    place = place_for(out, Path(images.name).stem, parameters["model"], IMAGE_RUNS)

    from grae.images import ImageAutoencoder

    note(f"run: {place}")
    _say_data(images)
    parameters["recipe"] = parameters["recipe"] or images.recipe
    fitted = ImageAutoencoder(**parameters, progress=training_progress())
    about: dict[str, Any] = {"name": images.name}
    if images.census is not None:
        about["pictures"] = asdict(images.census)
    return place, fitted.fit(images.train.images, run=place, data=about, callbacks=callbacks)


def _say_data(images: "ImageSet") -> None:
    """Prints the files found, their preparation, and the split."""
    from grae.images.estimator import ImageAutoencoder
    from grae.images.validation import held_back

    height, width, channels = images.shape
    colours = "RGB" if channels == 3 else "grayscale"
    name = images.name
    if images.census is not None:
        note(f"found: {images.census.in_words()}")
        name = f"the middle square of each, scaled to {width}x{height} {colours}"
    else:
        name = f"{images.name}, {width}x{height} {colours}"
    n_train, n_test = len(images.train.images), len(images.test.images)
    n_validation = held_back(n_train, ImageAutoencoder().validation)
    note(
        f"data: {name}; {n_train - n_validation:,} to train on, {n_validation:,} to validate on, "
        f"{n_test:,} held back for `grae images evaluate`"
    )


def _resume_run(place: Path, given: dict[str, Any], callbacks: "Sequence[Callback]") -> "tuple[Path, ImageAutoencoder]":
    """Resumes a run with its own settings."""
    from grae.estimator.configuration import checked_parameters
    from grae.images.configuration import IMAGES, data_name, read_config
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    config = read_config(folder)
    with main_process_first():
        images = data_of(place)

    from grae.images import ImageAutoencoder

    parameters, about = checked_parameters(IMAGES, folder, config, ImageAutoencoder), config["data"]
    parameters = with_changes(place, parameters, given, {"data": data_name(folder)})
    note(f"resuming: {place}")
    fitted = ImageAutoencoder(**parameters, progress=training_progress())
    return place, fitted.fit(images.train.images, run=place, resume=True, data=about, callbacks=callbacks)


def _print(place: Path, fitted: "ImageAutoencoder", as_json: bool) -> None:
    """Prints a summary, and the run's folder on stdout."""
    result = fitted.result_
    assert result is not None  # it has just been fitted
    if as_json:
        training = asdict(result)
        training.pop("metrics")
        split = {part: len(getattr(fitted.split_, part)) for part in ("train", "validation")}
        data = {"name": fitted.about_["name"], **split}
        settings = fitted.settings_
        return emit(
            {
                "run": place,
                "model": settings.model,
                "recipe": settings.recipe,
                "width": settings.width,
                "data": data,
                "training": training,
            }
        )
    say_ended(result)
    note(f"next: grae images sample {place}   grae images evaluate {place}")
    print(place)
