"""`grae compare`: runs side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.bounds import MOST_STRINGS
from grae.cli.completion import runs as known_runs
from grae.cli.evaluate import shown, shown_interval
from grae.cli.evaluation import measured, opened
from grae.cli.options import (
    AsJson,
    CompletionName,
    ConstraintsName,
    DensityName,
    Device,
    Fcd,
    Jobs,
    Reference,
    ScaffoldReference,
    Seed,
    Temperature,
)
from grae.cli.output import emit, note, table, write_lines
from grae.cli.runs import find_run

if TYPE_CHECKING:
    from grae.evaluation import SideBySide

BEST = " *"


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN ...", help="Folders of runs, or names under runs/.", autocompletion=known_runs),
    ],
    n: Annotated[
        int, typer.Option("-n", "--number", min=1, max=MOST_STRINGS, help="Number of samples from each.")
    ] = 1000,
    reference: Reference = None,
    scaffold_reference: ScaffoldReference = None,
    density: DensityName = None,
    temperature: Temperature = 0.0,
    constraints: ConstraintsName = None,
    completion: CompletionName = "forced",
    fcd: Fcd = None,
    seed: Seed = 0,
    jobs: Jobs = -1,
    device: Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Measure again.")] = False,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Also write the table as CSV; - for only CSV on stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare runs: their different settings, and their measures with the best marked.

    Measures taken before with the same settings are read from the run's evaluation.json.
    """
    from grae.evaluation import EvalRequest, check_run, side_by_side
    from grae.sequence.configuration import read_config
    from grae.training.run_folder import RunFolder

    request = EvalRequest(
        n,
        density,
        temperature,
        constraints,
        seed,
        reference,
        scaffold_reference,
        fcd=fcd,
        jobs=jobs,
        device=device,
        completion=completion,
    )
    places = [find_run(run) for run in runs]
    for place in places:
        check_run(place, request)
    settings: list[dict[str, Any]] = []
    evaluations: list[dict[str, Any]] = []
    for place in places:
        config = read_config(RunFolder(place))
        about = {"grammar": config["grammar"]["name"], "data": config.get("data", {}).get("data")}
        settings.append({**about, **config["settings"]})
        evaluations.append(measured(opened(place, request), request, again=force))
    both = side_by_side([str(place) for place in places], settings, evaluations)
    if csv is not None:
        write_lines(csv, both.to_csv().splitlines())
    if as_json:
        return emit(both.to_dict())
    if csv != "-":
        _print(both)
    for place, record in zip(places, evaluations, strict=True):
        for why in dict.fromkeys(record["left_out"].values()):
            names = ", ".join(name for name, reason in record["left_out"].items() if reason == why)
            note(f"{place}: left out: {names}: {why}")
        for name, caveat in record.get("caveats", {}).items():
            note(f"{place}: {name} is {caveat}")
    return None


def _print(both: "SideBySide") -> None:
    heads = [Path(run).name for run in both.runs]
    heads = list(both.runs) if len(set(heads)) < len(heads) else heads
    if both.settings:
        rows = [[name, *("-" if value is None else str(value) for value in v)] for name, v in both.settings.items()]
        table(["setting", *heads], rows, title="settings that differ")
    rows = []
    for row in both.rows:
        cells = []
        for place, (value, interval) in enumerate(zip(row.values, row.intervals, strict=True)):
            text = shown(row.name, value)
            if text is not None and interval is not None:
                text = f"{text} [{shown_interval(row.name, interval)}]"
            cells.append(text if text is None or place not in row.best else f"{text}{BEST}")
        rows.append([row.name.replace("_", " "), *cells])
    table(["measure", *heads], rows, title=f"measures, with 95 % intervals;{BEST} the best")
