"""The default projector of a set of images: a classifier trained once on its training part."""

from pathlib import Path

from grae.datasets.locations import cache_home
from grae.images.data import ImageSet
from grae.images.projectors.classifier import train_projector
from grae.images.projectors.stored import save_classifier
from grae.images.saved import checksum
from grae.training.settings import Device


def standard_projector_path(images: ImageSet) -> Path:
    """Its cache file, named by a checksum of the set; it may not exist."""
    return cache_home() / "projectors" / f"{Path(images.name).stem}-{checksum(images.train.images)[:16]}.safetensors"


def make_projector(
    images: ImageSet,
    path: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    device: Device = "auto",
    progress: bool = False,
) -> dict[str, object]:
    """Trains a projector on the training part of a set and writes it; see `train_projector`.

    Its name consists of the data set and its task, as in "FD(mnist-classes)".

    Returns:
        Its name, and the report of `train_projector`.

    Raises:
        DataError: the images cannot train a projector.
        RunError: the file cannot be written.
    """
    network, about = train_projector(images.train, epochs=epochs, seed=seed, device=device, progress=progress)
    name = f"{Path(images.name).stem}-{about['told_apart']}"
    save_classifier(path, network, name=name, about={**about, "data": images.name, "seed": seed})
    return {"name": name, **about}


def standard_projector(images: ImageSet, *, device: Device = "auto", progress: bool = False) -> Path:
    """The file of a set's default projector, trained if it is not cached. Raises as `make_projector` does."""
    path = standard_projector_path(images)
    if not path.is_file():
        make_projector(images, path, device=device, progress=progress)
    return path
