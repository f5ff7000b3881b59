"""The paper's image experiments: trains and evaluates each model, and makes the table and the figure."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grae import files
from grae.datasets.locations import data_home
from grae.images import ImageAutoencoder, load_images
from grae.images.build import build
from grae.images.data import ImageSet
from grae.images.decoding import Part
from grae.images.figure import between, composed
from grae.images.measures import NAMES, HeldOut, measure
from grae.images.projectors import Projector, load_projector, make_projector, standard_projector
from grae.images.recipes import models_of_images
from grae.images.resolution import resolve_settings
from grae.reproduction.images_published import DISTANCES
from grae.reproduction.images_table import SAME_NETWORK, as_markdown
from grae.training.device import resolve_device
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings

from . import compact
from .session import PICTURES, Session

SMALL_IMAGES, SMALL_TEST = 300, 40
MEASURED, SMALL_MEASURED = 10_000, 40
SHOWN = 8  # images per row of the figure
MEASURING = 0.2  # fraction of the time, for densities and distances
PARTS = 3  # maximum number of files for the weights of the last model
FIGURE = "figure.png"
ORDER = ("vae", "2svae", *(name for name in models_of_images() if name not in ("vae", "2svae")))


def opened(session: Session, name: str, most: int | None = None) -> ImageSet:
    """An image set, or its first `most` training images; with --small, some of scikit-learn's digits."""
    images = load_images("digits" if session.small else name)
    if session.small:
        images = ImageSet(images.name, _first(images.train, SMALL_IMAGES), _first(images.test, SMALL_TEST))
    elif most is not None:
        images = ImageSet(images.name, _first(images.train, most), images.test)
    return images


def size(session: Session, images: ImageSet) -> dict[str, Any]:
    """The estimator parameters that determine a model's size, and its seed."""
    return {"recipe": images.recipe, "random_state": session.seed, "width": 1 / 32 if session.small else 1.0}


def fresh(model: ImageAutoencoder, images: np.ndarray) -> tuple[torch.nn.Module, TrainingSettings]:
    """The network of a model with initial weights, and its training settings."""
    settings = resolve_settings(model.get_params(), (images.shape[1], images.shape[2], images.shape[3]))
    return build(settings.architecture, settings.objective), settings.training


def table(session: Session) -> None:
    """Trains each model for an equal share of the time, up to the paper's epochs, and evaluates it.

    The next call skips models with results, except the last one, whose weights are kept: its training resumes until the
    paper's epochs are reached.
    """
    images = opened(session, session.stage)
    held_out = HeldOut(images.test.images, projector(session, images), n=SMALL_MEASURED if session.small else MEASURED)
    session.tell("data", data=images.name, images=len(images.train.images), feature=held_out.projector.label)
    rows, kept = session.state.setdefault("rows", {}), session.state.get("kept")
    unfinished = kept if kept is not None and not _finished(rows.get(kept)) else None
    pictures = _pictures(session)
    selected = session.models or ORDER
    names = [name for name in ORDER if name in selected and (name not in rows or name == unfinished)]
    for number, name in enumerate(names):
        trainings = [other for other in names[number:] if SAME_NETWORK.get(other) not in names[: number + 1]]
        seconds = session.seconds(session.clock.left * (1 - MEASURING) / max(1, len(trainings)))
        model = trained(session, name, images, seconds)
        rows[name] = _row(session, name, model, images, held_out)
        pictures |= _lines(session, name, model, images)
        with session.clock.writing_down():
            files.write_tensors(session.out / PICTURES, pictures)
            session.write_state()
        session.tell("measures", **rows[name])
    done = [rows[name] for name in models_of_images() if name in rows]
    with session.clock.writing_down():
        draw(session.out / FIGURE, pictures, [row["model"] for row in done])
    session.tell("table", markdown=as_markdown(done))


def trained(session: Session, name: str, images: ImageSet, seconds: float) -> ImageAutoencoder:
    """Trains a model or resumes its training; 2sVAE reuses the network of the VAE if this call trained it."""
    run, same = RunFolder(session.scratch / name), RunFolder(session.scratch / SAME_NETWORK.get(name, name))
    resumed = session.before is not None and compact.unpack(session.before, name, run.path)
    done = run.read_tensors(run.CHECKPOINT)[1]["position"] if resumed else {}
    maximum = {"epochs": resolved_epochs(name, images, size(session, images))}
    length = session.length(seconds, done)
    options = {**size(session, images), **maximum, **length, **session.given, "device": session.device}
    model = ImageAutoencoder(name, **options)
    if same.path != run.path and same.has(same.MODEL):
        first = ImageAutoencoder.load(same.path, device=session.device)
        model.set_params(**{key: first.get_params()[key] for key in ("time_budget", "epochs")})
        model.fit_like(first, images.train.images)
        files.write_text(run / run.METRICS, (same / same.METRICS).read_text(encoding="utf-8"))
        model.save(run.path)
        return model
    session.tell("training", model=name, resumed=resumed, before=done.get("step", 0), seconds=seconds)
    try:
        model.fit(images.train.images, run=run.path, resume=resumed, data={"name": images.name})
    finally:
        if run.has(run.CHECKPOINT):
            with session.clock.writing_down():
                kept = compact.pack(run.path, session.out, name, most_parts=PARTS)
                others = [path for path in session.out.glob("*.part") if not path.name.startswith(f"{name}.")]
                for path in others if kept["kept"] else []:
                    path.unlink()
                session.state["kept"] = name if kept["kept"] else session.state.get("kept")
            session.tell("state", model=name, **kept)
    return model


def resolved_epochs(name: str, images: ImageSet, options: dict[str, Any]) -> int:
    """The epochs of the paper's recipe."""
    model = ImageAutoencoder(name, **{**options, "time_budget": None, "epochs": None})
    epochs = resolve_settings(model.get_params(), images.shape).training.epochs
    assert epochs is not None
    return epochs


def projector(session: Session, images: ImageSet) -> Projector:
    """The feature space of distances: the given file, or a classifier trained here on the image set."""
    device = resolve_device(session.device)
    if session.projector is not None:
        home = data_home()
        inside = None if home is None else home / session.projector
        path = session.projector if inside is None or not inside.is_file() else inside
    elif session.small:
        path = session.scratch / "projector.safetensors"
        make_projector(images, path, epochs=1, device=session.device)
    else:
        path = standard_projector(images, device=session.device)
    return load_projector(path, device=device)


def draw(path: Path, pictures: dict[str, np.ndarray], names: list[str]) -> None:
    """Draws the paper's figure from the saved pictures of each model."""
    if not names:
        return
    originals, ends = pictures["originals"], pictures["ends"]
    endpoints = [ends[0], *[None] * (len(originals) - 2), ends[1]]
    first = {"reconstructions": originals, "samples": [], "interpolations": endpoints}
    panels = {panel: [line, *(pictures[f"{name}/{panel}"] for name in names)] for panel, line in first.items()}
    picture = composed(["originals", *(name.upper() for name in names)], panels, originals.shape[1], len(originals))
    with files.atomic_write(path) as temporary:
        picture.save(temporary, format="PNG")


def _pictures(session: Session) -> dict[str, np.ndarray]:
    """The pictures saved by an earlier call."""
    path = None if session.before is None else session.before / PICTURES
    return dict(files.read_tensors(path)[0]) if path is not None and path.is_file() else {}


def _lines(session: Session, name: str, model: ImageAutoencoder, images: ImageSet) -> dict[str, np.ndarray]:
    """The model's rows of the figure, and the held-out images above them."""
    rows = np.random.default_rng(session.seed).choice(len(images.test.images), SHOWN, replace=False)
    originals = images.test.images[rows]
    return {
        "originals": originals,
        "ends": originals[:2],
        f"{name}/reconstructions": model.reconstruct(originals),
        f"{name}/samples": model.sample(SHOWN, seed=session.seed),
        f"{name}/interpolations": between(model, originals[:2], SHOWN),
    }


def _row(session: Session, name: str, model: ImageAutoencoder, images: ImageSet, held_out: HeldOut) -> dict[str, Any]:
    """The model's row of the table."""
    published = DISTANCES.get(images.name, {}).get(name, (None,) * len(NAMES))
    last = RunFolder(session.scratch / name).read_jsonl(RunFolder.METRICS)[-1]
    return {
        "model": name,
        **asdict(measure(model, held_out)),
        **{f"printed_{measure}": value for measure, value in zip(NAMES, published, strict=True)},
        "mse": -model.score(images.test.images[: held_out.n]),
        "epochs": last["epoch"],
        "of_epochs": resolved_epochs(name, images, size(session, images)),
        "minutes": last["seconds"] / 60,
        "rows_per_second": last["rows_per_second"],
    }


def _finished(row: dict[str, Any] | None) -> bool:
    """Whether a model was trained for the paper's epochs."""
    return row is not None and row["epochs"] >= row["of_epochs"]


def _first(part: Part, n: int) -> Part:
    return Part(part.images[:n], None if part.labels is None else part.labels[:n])
