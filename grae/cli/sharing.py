"""`grae push` and `grae pull`: sharing models in a folder or a repository of the Hugging Face Hub."""

from pathlib import Path
from typing import Annotated

import typer

from grae.cli.completion import runs
from grae.cli.options import AsJson, Device, Fcd, Measured, Seed
from grae.cli.output import emit, note
from grae.cli.runs import find_run
from grae.paths import RUNS, is_file
from grae.pretrained import ABOUT, read_about


def push(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A run or a packed model: its folder or its name.", autocompletion=runs),
    ],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A new folder, or hf:USER/NAME.")],
    private: Annotated[bool, typer.Option("--private", help="Create the repository as private.")] = False,
    n: Measured = 10_000,
    fcd: Fcd = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Copy a model with a card to a folder, or upload it to a repository of the Hugging Face Hub.

    A run that is not packed is measured and packed first, into RUN-packed; see `grae models pack`.
    """
    from grae.cli.models import packed
    from grae.evaluation import EvalRequest
    from grae.sharing import check_target
    from grae.sharing import push as share

    check_target(target)
    model = find_run(run)
    if not is_file(model / ABOUT):
        place, model = model, model.with_name(f"{model.name}-packed")
        if not is_file(model / ABOUT):
            packed(place, model, None, EvalRequest(n=n, seed=seed, fcd=fcd, device=device), n)
        note(f"packed: {model}")
    address = share(model, target, private=private)
    if as_json:
        return emit({"path": address, **read_about(model).to_dict()})
    print(address)


def pull(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="hf:USER/NAME, hf:USER/NAME@REVISION or a folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The folder. [default: runs/NAME]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Download a model of grae from the Hugging Face Hub, or copy one from a folder.

    The model can be used as a run. Only safetensors, JSON and text are downloaded, and nothing is executed.
    """
    from grae.sharing import pull as fetch

    out = fetch(source, out or RUNS / Path(source.partition("@")[0]).name)
    if as_json:
        return emit({"path": out, **read_about(out).to_dict()})
    print(out)
