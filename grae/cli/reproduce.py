"""`grae reproduce`: published experiments, from data to table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grae.bounds import MOST_ROUNDS, MOST_SEED, MOST_STRINGS
from grae.cli.moses import moses
from grae.cli.options import AsJson, Device
from grae.cli.output import emit, note, progress, table, talks
from grae.cli.pmo import pmo
from grae.cli.pretrained import pretrained
from grae.cli.reproduce_formulas import formulas
from grae.cli.runs import find_run
from grae.errors import SettingsError
from grae.paths import RUNS

if TYPE_CHECKING:
    from grae.reproduction import Scale

app = typer.Typer(help="Reproduce published experiments.", no_args_is_help=True)
app.command("formulas")(formulas)
app.command("moses")(moses)
app.command("pmo")(pmo)
app.command("pretrained")(pretrained)


@app.callback()
def _reproduce() -> None:
    """Reproduce published experiments; `grae images table` does those on images."""


@app.command("structured")
def structured(
    scale: Annotated[
        Literal["full", "small"], typer.Option("--scale", help="As published, or a trial of about half an hour.")
    ] = "full",
    trials: Annotated[
        int | None,
        typer.Option("--trials", min=1, max=MOST_ROUNDS, help="Searches with each model. [default: 5; small 3]"),
    ] = None,
    objects: Annotated[
        str | None,
        typer.Option("--objects", metavar="NAMES", help="expressions, molecules. [default: both]", show_default=False),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="NAMES", help="Comma-separated names. [default: grae,gvae,gcvvae,cvae]"),
    ] = None,
    runs: Annotated[
        list[str] | None,
        typer.Option("--runs", metavar="MODEL=RUN", help="Use this run instead of training; repeatable."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=MOST_SEED, help="Seed of strings, networks and searches.")
    ] = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Output folder. [default: runs/structured-SCALE]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train grae, gvae, gcvvae and cvae on both grammars and search with each, as in the paper's table.

    The same command resumes it. The folder contains the runs, the searches, and the table as CSV, JSON, Markdown and
    PNG.
    """
    from dataclasses import replace

    from grae.reproduction import MODELS, SCALES, reproduce_structured
    from grae.training.interruption import Interrupted

    size = SCALES[scale] if trials is None else replace(SCALES[scale], trials=trials)
    folder = out or RUNS / f"structured-{scale}"
    note(f"scale {scale}: {size.words}")
    try:
        rows = reproduce_structured(
            folder,
            size,
            objects=None if objects is None else _names(objects),
            models=MODELS if models is None else _names(models),
            runs=_runs(runs or [], size),
            seed=seed,
            device=device,
            tell=note,
            progress=talks(),
            foresee=scale == "full" and talks(),
        )
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"interrupted; the same command resumes {folder}") from interrupted
    if as_json:
        return emit({"table": folder, "scale": scale, "words": size.words, "rows": rows})
    _print(rows, f"scale {scale}: {size.words}; ours / published")
    print(folder)


@app.command("validity")
def validity(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Folders or names of runs.")],
    points: Annotated[
        int, typer.Option("-n", "--points", min=1, max=MOST_STRINGS, help="Codes from each density.")
    ] = 1000,
    draws: Annotated[int, typer.Option("--draws", min=1, max=MOST_STRINGS, help="Strings per code.")] = 25,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Seed of codes and strings.")] = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Validity of draws and of points, decoded as published: sampled, without forced completion.

    Codes are drawn from N(0, I), from a Gaussian and a mixture of ten fitted to the training codes, and from their
    bounding box.
    """
    from dataclasses import asdict

    import grae
    from grae.optimization.start import training_strings
    from grae.reproduction.validity import from_published_weights, published_validity

    results = {}
    known = {}
    for run in runs:
        place = find_run(run)
        model = grae.load(place, device=device)
        with progress(f"decoding codes of {place}") as done:
            codes = model.transform(training_strings(model))
            finished: list[str] = []

            def one_more(name: str, finished: list[str] = finished, done=done) -> None:
                finished.append(name)
                done(len(finished) / 4)

            known[str(place)] = from_published_weights(model)
            results[str(place)] = published_validity(model, codes, points=points, draws=draws, seed=seed, done=one_more)
    if as_json:
        records = {place: [asdict(row) for row in rows] for place, rows in results.items()}
        return emit({"runs": records, "published": known})
    headings = ["codes", "complete", "in language", "valid", "points: complete", "valid"]
    shares = ("complete", "in_language", "valid", "points_complete", "points_valid")
    for place, rows in results.items():
        cells = [[row.codes, *(f"{100 * getattr(row, name):.1f} %" for name in shares)] for row in rows]
        table(headings, cells, title=f"{place}: shares of {points:,} x {draws} draws, and of points with such a draw")
        if shares_known := ", ".join(f"{name} {100 * share:g} %" for name, share in known[place].items()):
            print(f"in the language with the published weights: {shares_known}\n")


def _print(rows: list[dict], title: str) -> None:
    from grae.reproduction.structured_table import cell

    headings = [
        "objects",
        "model",
        "rules",
        "trials",
        "valid points",
        "printed",
        "valid decodings",
        "average",
        "printed",
        "best three",
        "printed",
    ]
    cells = []
    for row in rows:
        names = ("points", "printed_points", "decodings", "average", "printed_average")
        figures = [cell(row, name) for name in names]
        best = "\n".join(f"{one['score']:.2f}  {one['string']}" for one in row["best"])
        printed = ", ".join(f"{score:.2f}" for score in row["printed_best"] or ())
        cells.append([row["objects"], row["model"], row["rules"], row["trials"], *figures, best, printed or None])
    table(headings, cells, title=title)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _runs(given: list[str], scale: "Scale") -> dict[tuple[str, str], Path]:
    """The runs to use, by objects and model.

    Raises:
        SettingsError: an entry is not MODEL=RUN, or the run is on other objects.
        RunError: there is no such run.
    """
    from grae.sequence.configuration import read_language_grammar
    from grae.training.run_folder import RunFolder

    runs = {}
    for one in given:
        model, sign, run = one.partition("=")
        if not sign:
            raise SettingsError(f"--runs {one!r}", remedy="write MODEL=RUN, such as grae=runs/mine")
        place = find_run(run)
        language = read_language_grammar(RunFolder(place)).language.name
        if language not in scale.objects:
            raise SettingsError(f"--runs {one!r}: a run of {language}", remedy="give one of expressions or molecules")
        runs[language, model] = place
    return runs
