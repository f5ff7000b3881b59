"""`grae reproduce pmo`: the PMO benchmark of molecular optimization, with published figures."""

from pathlib import Path
from typing import Annotated, Any

import typer

from grae.bounds import MOST_ROUNDS, MOST_STRINGS
from grae.cli.options import AsJson, Device, PresetEpochs, PresetMinutes
from grae.cli.output import emit, note, table, talks
from grae.cli.runs import find_run
from grae.optimization.strategies import STRATEGIES
from grae.paths import RUNS


def pmo(
    budget: Annotated[
        int,
        typer.Option(
            "--budget",
            min=20,
            max=MOST_STRINGS,
            help="Evaluations per search; there are published figures for 10000 and 1000.",
        ),
    ] = 10_000,
    tasks: Annotated[
        str | None,
        typer.Option("--tasks", metavar="NAMES", help="Comma-separated tasks. [default: all that can be scored]"),
    ] = None,
    methods: Annotated[
        str,
        typer.Option(
            "--methods",
            metavar="NAMES",
            help=f"{', '.join(name for name in STRATEGIES if name != 'random')}, as --strategy of grae optimize; "
            "random: molecules of the data set.",
        ),
    ] = "mixed,genetic,random",
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=MOST_ROUNDS, help="Searches for each task and method.")
    ] = 3,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Search with this run instead of training one.")
    ] = None,
    data: Annotated[
        str, typer.Option("--data", "-d", metavar="DATA", help="Starting molecules, and training data.")
    ] = "zinc250k",
    preset: Annotated[str, typer.Option("--preset", help="Preset of the training: quick or default.")] = "default",
    epochs: PresetEpochs = None,
    time_budget: PresetMinutes = None,
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Output folder. [default: runs/pmo-BUDGET]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search for each task of PMO, and print the AUC of the top 10 with published figures.

    Every score counts, including the starting molecules. The same command resumes it; more tasks, methods or seeds are
    added to the folder, which contains the searches and the table as CSV, JSON and Markdown.
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
        raise KeyboardInterrupt(f"interrupted; the same command resumes {folder}") from interrupted
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
