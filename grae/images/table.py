"""The paper's table on a set of images: every model, trained alike and measured alike, in a folder that can be resumed.

experiment.json    what was asked for; the same again goes on where it stopped, anything else is an error
<model>/           the run of each model
measures.jsonl     a line a model that is done
table.csv, table.json, table.md
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from grae import files
from grae.images.data import ImageSet
from grae.images.estimator import ImageAutoencoder, checksum
from grae.images.measures import NAMES, HeldOut, measure
from grae.images.printed import PRINTED
from grae.images.projectors import Projector
from grae.images.recipes import MODELS, model_of_images
from grae.training.experiment import Row, same_experiment, write_table
from grae.training.run_folder import RunFolder

FORMAT = "grae image table 1"
MEASURES = "measures.jsonl"
SAME_NETWORK = {"2svae": "vae"}
"""Models that are trained as another one is, and differ from it in their density alone."""
COLUMNS = ("model", "feature", "n", *NAMES, *(f"printed_{name}" for name in NAMES), "mse", "epochs", "minutes")


def make_table(
    folder: Path,
    images: ImageSet,
    projector: Projector,
    *,
    models: Sequence[str] = MODELS,
    n: int,
    tell: Callable[[str], None] = lambda message: None,
    **parameters: Any,
) -> list[Row]:
    """Trains and measures each model, unless the folder says that it is done.

    Args:
        folder: where it is all kept.
        images: the set of images.
        projector: whose features the distances are in.
        models: their names.
        n: images on each side of each distance, at most.
        tell: called with what goes on.
        parameters: of `ImageAutoencoder`, beside the model.

    Returns:
        A row a model, in the order of `models`: the fields of `Measures`, those printed in the paper for this data set
        under "printed_...", the held-out mean squared error, the epochs, and the minutes of training.

    Raises:
        RunError: the folder holds another experiment, or cannot be written.
        SettingsError: there is no such model.
    """
    for name in models:
        model_of_images(name)
    _same_experiment(folder, images, projector, n, parameters)
    held_out = HeldOut(images.test.images, projector, n=n)
    done = {row["model"]: row for row in read_rows(folder)}
    for number, name in enumerate(models, start=1):
        if name in done:
            tell(f"{name} ({number} of {len(models)}): done before")
            continue
        tell(f"{name} ({number} of {len(models)}): training")
        model = _trained(folder, name, images, parameters)
        tell(f"{name} ({number} of {len(models)}): measuring")
        done[name] = _row(folder / name, name, model, images, held_out)
        files.append_jsonl(folder / MEASURES, done[name])
        rows = [done[name] for name in MODELS if name in done]
        write_table(folder, COLUMNS, rows, as_markdown(rows))
    return [done[name] for name in models]


def read_rows(folder: Path) -> list[Row]:
    """The rows that are done. Raises RunError where the file is damaged."""
    path = folder / MEASURES
    return files.read_jsonl(path, remedy="remove it, and measure again") if path.is_file() else []


def as_markdown(rows: Sequence[Row]) -> str:
    """A table of the distances, ours / printed."""
    feature = rows[0]["feature"] if rows else "FD"
    lines = [f"| {feature}, ours / printed FID | rec | normal | gmm | interp |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [f"{row[name]:.2f} / {_or_dash(row[f'printed_{name}'])}" for name in NAMES]
        lines.append(f"| {row['model'].upper()} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _same_experiment(folder: Path, images: ImageSet, projector: Projector, n: int, parameters: dict[str, Any]) -> None:
    """Makes sure that a folder holds this experiment or none, and writes down which."""
    asked = {
        "format": FORMAT,
        "data": images.name,
        "sha256": checksum(images.train.images),
        "feature": projector.label,
        "n": n,
        **{name: value for name, value in parameters.items() if name not in ("progress", "device")},
    }
    same_experiment(folder, asked)


def _trained(folder: Path, name: str, images: ImageSet, parameters: dict[str, Any]) -> ImageAutoencoder:
    """The model of a run that is complete, or goes on, or begins; 2sVAE has the VAE's network, if that is there."""
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


def _row(place: Path, name: str, model: ImageAutoencoder, images: ImageSet, held_out: HeldOut) -> Row:
    measures = measure(model, held_out).to_dict()
    printed = PRINTED.get(images.name, {}).get(name, (None,) * len(NAMES))
    last = RunFolder(place).read_jsonl(RunFolder.METRICS)[-1]
    return {
        "model": name,
        **measures,
        **{f"printed_{measure}": value for measure, value in zip(NAMES, printed, strict=True)},
        "mse": -model.score(images.test.images),
        "epochs": last["epoch"],
        "minutes": last["seconds"] / 60,
    }
