"""`grae reproduce pretrained`: training of the pretrained models."""

from pathlib import Path
from typing import Annotated

import typer

from grae.bounds import MOST_STRINGS
from grae.cli.options import AsJson, Device, Fcd
from grae.cli.output import emit, note, training_progress
from grae.cli.runs import check_new
from grae.paths import RUNS


def pretrained(
    name: Annotated[str, typer.Argument(metavar="NAME", help="zinc250k, zinc250k-search or expressions.")],
    data: Annotated[
        str | None, typer.Option("--data", "-d", metavar="DATA", help="Other strings, for a trial.", show_default=False)
    ] = None,
    time_budget: Annotated[
        float | None, typer.Option("--time-budget", metavar="MIN", help="Minutes. [default: as it was trained]")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="RUN", help="The run's folder. [default: runs/NAME-pretrained]"),
    ] = None,
    n: Annotated[
        int,
        typer.Option(
            "-n", "--number", min=1, max=MOST_STRINGS, help="Samples to measure, and to store as starting strings."
        ),
    ] = 10_000,
    fcd: Fcd = None,
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The model's folder. [default: models/NAME]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a pretrained model again, measure and pack it. The same command resumes it.

    The folder corresponds to `models/NAME` in a checkout, and in a wheel built from it.
    """
    from grae.cli.models import packed
    from grae.cli.strings import build
    from grae.evaluation import EvalRequest
    from grae.reproduction.pretrained import check_size, recipe_named, train_again

    recipe = recipe_named(name)
    out, place = out or Path("models") / name, run or RUNS / f"{name}-pretrained"
    check_new(out)
    note(f"run: {place}")
    train_again(
        recipe,
        place,
        data=data,
        time_budget=time_budget,
        device=device,
        progress=training_progress(),
        build=build,
    )
    about = packed(
        place,
        out,
        recipe.description,
        EvalRequest(n=n, fcd=fcd, device=device),
        n,
        command=recipe.command,
        search=recipe.search,
    )
    size = check_size(out)
    if as_json:
        return emit({"path": out, "bytes": size, **about.to_dict()})
    note(f"{size / 1e6:.1f} MB with all files")
    print(out)
    return None
