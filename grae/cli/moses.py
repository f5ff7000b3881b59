"""`grae reproduce moses`: the default model on MOSES, with the published rows of its table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from grae.bounds import MOST_SEED, MOST_STRINGS
from grae.cli.options import AsJson, Device, Fcd, Jobs, PresetEpochs, PresetMinutes, Rate
from grae.cli.output import emit, note, stages, table, talks
from grae.paths import RUNS


def moses(
    time_budget: PresetMinutes = None,
    samples: Annotated[int, typer.Option("--samples", min=1, max=MOST_STRINGS, help="Number of samples.")] = 30_000,
    preset: Annotated[str, typer.Option("--preset", help="quick, default or paper.")] = "default",
    epochs: PresetEpochs = None,
    rate: Rate = None,
    train: Annotated[
        str, typer.Option("--train", metavar="DATA", help="The training set: a data set or a file.")
    ] = "moses-train",
    reference: Annotated[str, typer.Option("--reference", metavar="DATA", help="The test set.")] = "moses-test",
    scaffold_reference: Annotated[
        str, typer.Option("--scaffold-reference", metavar="DATA", help="The scaffold test set.")
    ] = "moses-test-scaffolds",
    fcd: Fcd = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Seed of network and samples.")] = 0,
    jobs: Jobs = -1,
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Output folder. [default: runs/moses]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train on MOSES, sample, and print our row beside the published ones.

    The same command resumes it. The folder contains the run and the table as CSV, JSON and Markdown.
    """
    from grae.cli.strings import build
    from grae.reproduction.moses import Sets, reproduce_moses
    from grae.training.interruption import Interrupted

    folder = out or RUNS / "moses"
    parameters: dict[str, Any] = {"preset": preset, "epochs": epochs}
    if rate is not None:
        parameters["rate"] = rate
    try:
        with stages(f"MOSES in {folder}") as work:
            rows = reproduce_moses(
                folder,
                time_budget=time_budget,
                samples=samples,
                sets=Sets(train, reference, scaffold_reference),
                parameters=parameters,
                fcd=fcd,
                seed=seed,
                device=device,
                build=build,
                work=work(seed, jobs),
                tell=note,
                progress=talks(),
            )
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"interrupted; the same command resumes {folder}") from interrupted
    if as_json:
        return emit({"table": folder, "rows": rows})
    _print(rows)
    print(folder)
    return None


def _print(rows: list[dict[str, Any]]) -> None:
    """Prints three tables that fit the screen, one row per model; deviations and intervals are in the files."""
    from grae.reproduction.moses import COLUMNS, heading

    ours = rows[-1]
    title = f"MOSES: {ours['model']}, {ours['n']:,} samples, beside the published means"
    for test in ("", "Test", "TestSF"):
        names = [name for name in COLUMNS[1:] if name.partition("/")[2] == test]
        shown = [[row["model"], *(None if row[name] is None else f"{row[name]:.4f}" for name in names)] for row in rows]
        table(["model", *(heading(name) for name in names)], shown, title=None if test else title)
    for why in dict.fromkeys(ours["left_out"].values()):
        note(f"left out: {', '.join(name for name, reason in ours['left_out'].items() if reason == why)}: {why}")
    for name, caveat in ours["caveats"].items():
        note(f"{name} is {caveat}")
