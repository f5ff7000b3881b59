"""The paper's table for an image data set: all models, trained and evaluated alike, in a folder that can be resumed.

experiment.json    the request; the same request resumes the experiment, another one is an error
<model>/           the run of each model
measures.jsonl     one line for real images, and one per finished model
table.csv, table.json, table.md
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from grae import files
from grae.images.data import ImageSet
from grae.images.estimator import ImageAutoencoder
from grae.images.kernel import Estimate, in_thousandths
from grae.images.measures import NAMES, Distance, HeldOut, Measures, measure
from grae.images.projectors import Projector
from grae.images.recipes import PUBLISHED_MODELS, model_of_images, models_of_images
from grae.images.saved import checksum
from grae.reproduction.experiment import Row, same_experiment, write_table
from grae.reproduction.images_published import DISTANCES
from grae.training.run_folder import RunFolder

FORMAT = "grae image table 1"
MEASURES = "measures.jsonl"
SAME_NETWORK = {"2svae": "vae"}
"""Models that are trained like another one, and differ from it only in their density."""
FLOOR = "real"
"""Name of the row of real images, in which training images replace samples of a model."""
KERNEL = tuple(f"kid_{name}{what}" for name in NAMES for what in ("", "_error"))
LIMITS = tuple(f"limit_{name}" for name in NAMES)
PRINTED_NAMES = tuple(f"printed_{name}" for name in NAMES)
COLUMNS = ("model", "feature", "n", *NAMES, *PRINTED_NAMES, *KERNEL, *LIMITS, "mse", "epochs", "minutes")


def make_table(
    folder: Path,
    images: ImageSet,
    projector: Projector,
    *,
    models: Sequence[str] = PUBLISHED_MODELS,
    n: int,
    limits: bool = False,
    tell: Callable[[str], None] = lambda message: None,
    **parameters: Any,
) -> list[Row]:
    """Trains and evaluates each model, unless the folder holds its measures.

    The first row of the table is that of real images, `FLOOR`.

    Args:
        folder: folder of the experiment.
        images: the data set.
        projector: the projector whose features the distances are computed in.
        models: names of the models.
        n: maximum number of images on each side of each distance.
        limits: whether distances are extrapolated to infinitely many images.
        tell: called with progress messages.
        parameters: parameters of `ImageAutoencoder`, except the model.

    Returns:
        One row per model, in the order of `models`: the distances of `Measures` ("kid_..." and "kid_..._error" for
        kernel distances, "limit_..." for extrapolated ones), the published ones for this data set ("printed_..."), the
        held-out mean squared error, the epochs, and the minutes of training.

    Raises:
        RunError: the folder holds another experiment, or cannot be written.
        SettingsError: there is no such model.
    """
    for name in models:
        model_of_images(name)
    _same_experiment(folder, images, projector, n, parameters | ({"limits": True} if limits else {}))
    held_out = HeldOut(images.test.images, projector, n=n, limits=limits)
    done = {row["model"]: row for row in read_rows(folder)}
    if FLOOR not in done:
        tell("real images: measuring")
        done[FLOOR] = _floor(held_out, images)
        _write(folder, done, FLOOR)
    for number, name in enumerate(models, start=1):
        if name in done:
            tell(f"{name} ({number} of {len(models)}): done before")
            continue
        tell(f"{name} ({number} of {len(models)}): training")
        model = _trained(folder, name, images, parameters)
        tell(f"{name} ({number} of {len(models)}): measuring")
        done[name] = _row(folder / name, name, model, images, held_out)
        _write(folder, done, name)
    return [done[name] for name in models]


def read_rows(folder: Path) -> list[Row]:
    """The finished rows, including that of `FLOOR`. Raises RunError: the file is damaged."""
    path = folder / MEASURES
    return files.read_jsonl(path, remedy="remove it, and measure again") if path.is_file() else []


def as_markdown(rows: Sequence[Row]) -> str:
    """A table of the distances, measured / published; and of the kernel distances, in thousandths, if there are any."""
    feature = rows[0]["feature"] if rows else "FD"
    lines = [f"| {feature}, ours / printed FID | rec | normal | gmm | interp |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [f"{_or_dash(row[name])} / {_or_dash(row[f'printed_{name}'])}" for name in NAMES]
        lines.append(f"| {_title(row)} | {' | '.join(cells)} |")
    if any(name in row for row in rows for name in KERNEL):
        lines += ["", "| KID x 1000, with its standard error | rec | normal | gmm | interp |", "|---|---|---|---|---|"]
        for row in rows:
            lines.append(f"| {_title(row)} | {' | '.join(kernel_cell(row, name) for name in NAMES)} |")
    if any(name in row for row in rows for name in LIMITS):
        lines += [
            "",
            f"| {feature}, extrapolated to many images | rec | normal | gmm | interp |",
            "|---|---|---|---|---|",
        ]
        for row in rows:
            lines.append(f"| {_title(row)} | {' | '.join(_or_dash(row.get(name)) for name in LIMITS)} |")
    return "\n".join(lines) + "\n"


def kernel_cell(row: Row, name: str) -> str:
    """A kernel distance of a row and its error, in thousandths."""
    if row.get(f"kid_{name}") is None:
        return "-"
    return in_thousandths(Estimate(row[f"kid_{name}"], row[f"kid_{name}_error"]))


def _title(row: Row) -> str:
    return "real images" if row["model"] == FLOOR else row["model"].upper()


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _same_experiment(folder: Path, images: ImageSet, projector: Projector, n: int, parameters: dict[str, Any]) -> None:
    """Checks that a folder is new or holds this experiment, and records the request."""
    requested = {
        "format": FORMAT,
        "data": images.name,
        "sha256": checksum(images.train.images),
        "feature": projector.label,
        "n": n,
        **{name: value for name, value in parameters.items() if name not in ("progress", "device")},
    }
    same_experiment(folder, requested)


def _trained(folder: Path, name: str, images: ImageSet, parameters: dict[str, Any]) -> ImageAutoencoder:
    """The model of a finished, resumed or new run; 2sVAE shares the network of the VAE, if that exists."""
    run, device = RunFolder(folder / name), parameters.get("device", "auto")
    if run.has(run.MODEL):
        return ImageAutoencoder.load(run.path, device=device)
    fitted = ImageAutoencoder(name, **parameters)
    first = RunFolder(folder / SAME_NETWORK.get(name, name))
    if first.has(first.MODEL):
        fitted.fit_like(ImageAutoencoder.load(first.path, device=device), images.train.images)
        files.write_text(run / run.METRICS, (first / first.METRICS).read_text(encoding="utf-8"))
        fitted.save(run.path)
        return fitted
    return fitted.fit(images.train.images, run=run.path, resume=run.has(run.CHECKPOINT), data={"name": images.name})


def _write(folder: Path, done: dict[str, Row], name: str) -> None:
    """Adds a finished row, and rewrites the table."""
    files.append_jsonl(folder / MEASURES, done[name])
    rows = [done[name] for name in (FLOOR, *models_of_images()) if name in done]
    write_table(folder, COLUMNS, rows, as_markdown(rows))


def _row(place: Path, name: str, model: ImageAutoencoder, images: ImageSet, held_out: HeldOut) -> Row:
    published = DISTANCES.get(images.name, {}).get(name, (None,) * len(NAMES))
    last = RunFolder(place).read_jsonl(RunFolder.METRICS)[-1]
    return {
        "model": name,
        **_distances(measure(model, held_out)),
        **dict(zip(PRINTED_NAMES, published, strict=True)),
        "mse": -model.score(images.test.images),
        "epochs": last["epoch"],
        "minutes": last["seconds"] / 60,
    }


def _floor(held_out: HeldOut, images: ImageSet) -> Row:
    """The row of real images: training images replace samples, and nothing is reconstructed."""
    distance = held_out.floor(images.train.images)
    return {
        "model": FLOOR,
        "feature": held_out.projector.label,
        "n": held_out.n,
        **dict.fromkeys(NAMES),
        **dict.fromkeys(PRINTED_NAMES),
        **_of_samples(distance),
    }


def _of_samples(distance: Distance) -> Row:
    """The distance of real images, under the names of the two kinds of samples."""
    row: Row = {}
    for name in ("normal", "gmm"):
        row[name] = distance.frechet
        if distance.kernel is not None:
            row |= {f"kid_{name}": distance.kernel.value, f"kid_{name}_error": distance.kernel.error}
        if distance.limit is not None:
            row[f"limit_{name}"] = distance.limit
    return row


def _distances(measures: Measures) -> Row:
    """The fields of `Measures`, flattened."""
    row: Row = {"feature": measures.feature, "n": measures.n, **{name: getattr(measures, name) for name in NAMES}}
    for name, estimate in measures.kernel.items():
        row |= {f"kid_{name}": estimate.value, f"kid_{name}_error": estimate.error}
    return row | {f"limit_{name}": limit for name, limit in measures.limit.items()}
