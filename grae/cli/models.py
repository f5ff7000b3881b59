"""`grae models list | show | pack`: pretrained models, and packing a run into one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grae.bounds import MOST_STRINGS
from grae.cli.completion import models, runs
from grae.cli.options import AsJson, Device, Fcd, Measured, Seed
from grae.cli.output import emit, note, print_facts, table
from grae.cli.runs import check_new, find_run
from grae.pretrained import START, Pretrained, pretrained, pretrained_named, start_strings

if TYPE_CHECKING:
    from grae.evaluation import EvalRequest
    from grae.pretrained import About

app = typer.Typer(help="List and show pretrained models, and pack a run into one.", no_args_is_help=True)

SHOWN = 5  # samples to show
EVALUATED = 10_000


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the pretrained models, which `grae sample --model NAME` and other commands accept."""
    models = list(pretrained().values())
    if as_json:
        return emit({"models": [_record(one) for one in models]})
    rows = [[one.name, one.about.language, one.about.model, _size(one.size), one.about.description] for one in models]
    table(["name", "language", "model", "size", "description"], rows)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As `grae models list` prints it.", autocompletion=models)
    ],
    as_json: AsJson = False,
) -> None:
    """Describe a pretrained model: its training, measures and some samples."""
    one = pretrained_named(name)
    if as_json:
        return emit(_record(one))
    about = one.about
    facts = {
        "name": one.name,
        "description": about.description,
        "grammar": about.grammar,
        "model": about.model,
        "trained on": f"{about.strings:,} strings of {about.data}",
        "passes": about.epochs,
        "minutes": about.minutes,
        "command": about.command,
        "weights": f"{about.weights}, {_size(one.size)} with all files",
        "exact": None if about.exact is None else f"of {about.held_out:,} held-out strings {_exact(about)}",
        **{measure: f"{value:.4g}" for measure, value in about.measures.items()},
        "starts": f"{about.start:,} samples as starting strings of searches ({START})",
        "folder": one.path,
    }
    print_facts(facts, (start_strings(one.path) or [])[:SHOWN], width=26)


@app.command()
def pack(
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="A run's folder, or its name under runs/.", autocompletion=runs),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The folder. [default: RUN-packed]")
    ] = None,
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="One line.")] = None,
    n: Measured = EVALUATED,
    starts: Annotated[
        int, typer.Option("--starts", min=1, max=MOST_STRINGS, help="Samples to store as starting strings of searches.")
    ] = 10_000,
    fcd: Fcd = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Pack a run into a small self-contained folder to share: half the bytes, measured, without training strings.

    The folder can be used as a run: `grae sample DIR`, `grae train --from DIR`, `grae.load(DIR)`.
    """
    from grae.evaluation import EvalRequest

    place = find_run(run)
    request = EvalRequest(n=n, seed=seed, fcd=fcd, device=device)
    out = out or place.with_name(f"{place.name}-packed")
    about = packed(place, out, description, request, starts)
    if as_json:
        return emit({"path": out, **about.to_dict()})
    if about.exact is not None:
        note(f"reconstruction accuracy, {about.held_out:,} held-out strings: {_exact(about)}")
    note(f"{about.start:,} samples as starting strings")
    print(out)


def packed(
    place: Path,
    out: Path,
    description: str | None,
    request: "EvalRequest",
    starts: int,
    *,
    command: str | None = None,
    search: bool = False,
) -> "About":
    """Evaluates a run as `grae evaluate` does by default, and packs it.

    Raises:
        RunError: as `grae.evaluation.packed.pack`.
    """
    check_new(out)
    from grae.cli.evaluation import measured, opened
    from grae.evaluation.packed import pack as write

    held = opened(place, request)
    evaluation = measured(held, request, again=False)
    return write(
        held,
        out,
        description=description or f"{held.model.settings_.model} on {held.model.about_.get('data')}",
        measures=evaluation,
        starts=starts,
        seed=request.seed,
        command=command,
        search=search,
    )


def _record(one: Pretrained) -> dict[str, object]:
    return {"name": one.name, "path": one.path, "bytes": one.size, **one.about.to_dict()}


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB"


def _exact(about: "About") -> str:
    """Reconstruction accuracy by dtype of the weights."""
    return ", ".join(f"{100 * share:.2f} % ({kind})" for kind, share in (about.exact or {}).items())
