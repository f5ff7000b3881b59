"""`grae reproduce pmo`: the PMO benchmark of molecular optimization, beside the printed figures."""

from pathlib import Path
from typing import Annotated, Any

import typer

from grae.bounds import MOST_ROUNDS, MOST_STRINGS
from grae.cli.options import AsJson, Device, PresetEpochs, PresetMinutes
from grae.cli.output import emit, note, table, talks
from grae.cli.runs import find_run
from grae.paths import RUNS


def pmo(
    budget: Annotated[
        int,
        typer.Option(
            "--budget", min=20, max=MOST_STRINGS, help="Evaluations of a search; 10000 and 1000 have printed figures."
        ),
    ] = 10_000,
    tasks: Annotated[
        str | None,
        typer.Option("--tasks", metavar="NAMES", help="Tasks with commas between. [default: all that can be scored]"),
    ] = None,
    methods: Annotated[
        str,
        typer.Option(
            "--methods",
            metavar="NAMES",
            help="mixed, genetic or trust-region, as --strategy of grae optimize; random, molecules of the data set.",
        ),
    ] = "mixed,genetic,random",
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=MOST_ROUNDS, help="Searches for each task and method.")
    ] = 3,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Search with this run instead of training one.")
    ] = None,
    data: Annotated[
        str, typer.Option("--data", "-d", metavar="DATA", help="Where searches start, and what a run is trained on.")
    ] = "zinc250k",
    preset: Annotated[str, typer.Option("--preset", help="Of the training: quick or default.")] = "default",
    epochs: PresetEpochs = None,
    time_budget: PresetMinutes = None,
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where it is kept. [default: runs/pmo-BUDGET]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search for each task of PMO, and print the area under the curve of the ten best, beside the printed figures.

    Every score counts, those of the molecules that a search starts from too. The same command again resumes; more
    tasks, methods or seeds are added to what is there. The folder holds the searches and the table as CSV, JSON and
    Markdown.
    """
    from grae.cli.strings import build
    from grae.reproduction.pmo import reproduce_pmo
    from grae.training.interruption import Interrupted

    folder = out or RUNS / f"pmo-{budget}"
    parameters: dict[str, Any] = {"preset": preset, "epochs": epochs}
    try:
        rows = reproduce_pmo(
            folder,
            budget=budget,
            tasks=None if tasks is None else _names(tasks),
            methods=_names(methods),
            seeds=seeds,
            run=None if run is None else find_run(run, language="molecules"),
            data=data,
            parameters=parameters,
            time_budget=time_budget,
            device=device,
            build=build,
            tell=note,
            progress=talks(),
        )
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"interrupted; the same command again resumes {folder}") from interrupted
    if as_json:
        return emit({"table": folder, "budget": budget, "rows": rows})
    _print(rows, budget)
    print(folder)
    return None


def _print(rows: list[dict[str, Any]], budget: int) -> None:
    from grae.reproduction.pmo_table import printed_sums, wide

    heads, lines = wide(rows, budget)
    table(heads, lines, title=f"PMO: AUC of the top 10, {budget:,} evaluations")
    heads, lines = printed_sums(budget)
    if lines:
        table(heads, lines)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]
