"""`grae reproduce formulas`: published problems of symbolic regression, with gplearn for comparison."""

from pathlib import Path
from typing import Annotated

import typer

from grae.bounds import MOST_PROCESSES, MOST_ROUNDS, MOST_STRINGS
from grae.cli.options import AsJson
from grae.cli.output import emit, note, table
from grae.paths import RUNS


def formulas(
    problems: Annotated[
        str | None,
        typer.Option(
            "--problems",
            metavar="NAMES",
            help="Comma-separated problems, or suites: Nguyen, Keijzer, Feynman. [default: all twenty]",
        ),
    ] = None,
    methods: Annotated[
        str, typer.Option("--methods", metavar="NAMES", help="grae, gplearn (extra peers), or both.")
    ] = "grae,gplearn",
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=MOST_ROUNDS, help="Runs of each.")] = 5,
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=100, max=MOST_STRINGS, help="Maximum formulas scored in a run.")
    ] = 5000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=MOST_PROCESSES, help="Runs at a time.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Output folder. [default: runs/formulas-EVALUATIONS]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit formulas to published problems of symbolic regression, with equal evaluations for grae and gplearn.

    The same command resumes it; more problems, methods or seeds are added to the folder, which contains the table as
    CSV, JSON and Markdown.
    """
    from grae.reproduction.formulas import SOLVED, reproduce_formulas

    folder = out or RUNS / f"formulas-{evaluations}"
    rows = reproduce_formulas(
        folder,
        problems=None if problems is None else [name.strip() for name in problems.split(",")],
        methods=[name.strip() for name in methods.split(",")],
        seeds=seeds,
        evaluations=evaluations,
        n_jobs=workers,
        tell=note,
    )
    if as_json:
        return emit({"table": folder, "solved_above": SOLVED, "rows": rows})
    cells = [
        [row["problem"], row["method"], f"{row['median_r2']:.9f}", f"{row['seeds_solved']}/{seeds}", row["first"]]
        for row in rows
    ]
    table(["problem", "method", "median R2", "exact", "formula of the first seed"], cells)
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        print(f"{method}: {sum(row['solved'] for row in own)} of {len(own)} exact (median R2 above {SOLVED})")
    print(folder)
