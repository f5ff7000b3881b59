"""What the commands on images share: their options, and opening data and projectors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grae.cli.output import note, progress, talks
from grae.errors import RunError, SettingsError

if TYPE_CHECKING:
    from grae.images import ImageSet
    from grae.images.projectors import Projector

Data = Annotated[
    str,
    typer.Option(
        "--data",
        "-d",
        metavar="DATA",
        help="digits, mnist, fashion-mnist, cifar10, celeba, or a folder or zip of pictures.",
    ),
]
ImageRun = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="A run's folder, or its name under runs/images/. [default: the latest run]"),
]
Width = Annotated[
    float,
    typer.Option(
        "--width",
        help="Factor on the recipe's numbers of filters, for small machines: 0.25, say; the recipe's lambda is scaled "
        "so that the squared weights keep their share.",
    ),
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the data. [default: by the recipe]")]
LearningRate = Annotated[
    float | None, typer.Option("--learning-rate", help="Before the schedule lowers it. [default: by recipe and model]")
]
RateSchedule = Annotated[
    Literal["plateau", "cosine", "one-cycle", "constant"],
    typer.Option(
        "--schedule",
        metavar="NAME",
        help="Of the learning rate: plateau (halved where validation no longer improves, as published), cosine or "
        "one-cycle (both fall to 0 in however few epochs), or constant.",
    ),
]
ProjectorFile = Annotated[
    Path | None,
    typer.Option(
        "--projector",
        metavar="FILE",
        help="Whose features distances are in: a file of `grae images projector`, or a known classifier's weights. "
        "[default: a classifier trained on the data set's training images]",
    ),
]
InceptionWeights = Annotated[
    Path | None,
    typer.Option(
        "--inception-weights",
        metavar="FILE",
        help="pt_inception-2015-12-05-6726825d.pth, for Frechet inception distances.",
    ),
]
Number = Annotated[int, typer.Option("-n", "--number", min=2, help="Images on each side of a distance, at most.")]


def check_suffix(out: str | Path, *suffixes: str) -> None:
    """Makes sure that a file's name says what will be in it. Raises SettingsError."""
    if not str(out).lower().endswith(suffixes):
        raise SettingsError(f"--out {out} has another ending", remedy=f"end it in {' or '.join(suffixes)}")


def opened(data: str) -> "ImageSet":
    """A set of images, with a bar while it is fetched or decoded. Raises DataError."""
    from grae.images import load_images

    with progress(f"opening {data}") as done:
        return load_images(data, progress=done)


def data_of(run: Path) -> "ImageSet":
    """The set of images that a run was trained on.

    Raises:
        RunError: the run does not say, or the set holds other training images now.
        DataError: the set is not to be had.
    """
    from grae.images.estimator import checksum
    from grae.images.saved import read_config
    from grae.training.run_folder import RunFolder

    about = read_config(RunFolder(run))["data"]
    if "name" not in about:
        raise RunError(f"{run} does not say which images it was trained on", remedy="train with `grae images train`")
    images = opened(about["name"])
    if checksum(images.train.images) != about.get("sha256"):
        raise RunError(
            f"{run} was trained on other images than {about['name']} holds now",
            remedy="restore those, or train again",
        )
    return images


def projector_for(images: "ImageSet", file: Path | None, inception_weights: Path | None, device: Any) -> "Projector":
    """The projector that is asked for; else the set's own, which is trained if need be.

    Raises:
        SettingsError: two are asked for.
        DataError, RunError: a file cannot be used.
    """
    from grae.images.projectors import inception_projector, load_projector, standard_projector, standard_projector_path
    from grae.training.device import resolve

    if file is not None and inception_weights is not None:
        raise SettingsError("--projector and --inception-weights exclude each other", remedy="leave one of them out")
    if inception_weights is not None:
        return inception_projector(inception_weights, device=resolve(device))
    if file is None:
        if not standard_projector_path(images).is_file():
            note(f"training a projector on {images.name}, once")
        file = standard_projector(images, device=device, progress=talks())
    return load_projector(file, device=resolve(device))
