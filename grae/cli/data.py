"""`grae data list | show | fetch`."""

from itertools import islice
from typing import Annotated

import typer

from grae.cli.options import AsJson
from grae.cli.output import emit, note, progress, table

app = typer.Typer(help="The data sets: which there are, what is in them, and a local copy.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set's name, as `grae data list` prints it.")]
SHOWN = 5  # strings


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the data sets by name, and which are on this machine."""
    from grae.datasets import entries, find

    known = [(entry, find(entry.name)) for entry in entries().values()]
    if as_json:
        return emit({"data": [{**entry.model_dump(mode="json"), "path": path} for entry, path in known]})
    table(
        ["name", "language", "strings", "here", "description"],
        [[e.name, e.language, e.strings, "yes" if path else "no", e.description] for e, path in known],
    )


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Print what is known of a data set, and its first strings where it is on this machine."""
    from grae.datasets import entry, find, open_source

    known, path = entry(name), find(name)
    first = [] if path is None else list(islice(open_source(name).texts(), SHOWN))
    if as_json:
        return emit({**known.model_dump(mode="json"), "path": path, "first": first})
    facts = {
        "name": known.name,
        "description": known.description,
        "language": known.language,
        "grammar": known.grammar,
        "strings": f"{known.strings:,}",
        "licence": known.licence,
        "address": known.address,
        "sha256": known.sha256 or "-",
        "here": path or f"no; `grae data fetch {name}` brings it",
    }
    for fact, value in facts.items():
        print(f"{fact:<12} {value}")
    for text in first:
        print(f"{'':<12} {text}")


@app.command()
def fetch(name: Name, as_json: AsJson = False) -> None:
    """Bring a data set to this machine, check it, and print where it lies."""
    from grae.datasets import fetch as bring

    with progress(f"fetching {name}") as done:
        path = bring(name, progress=lambda come, total: done(come / max(1, total)))
    if as_json:
        return emit({"name": name, "path": path})
    note(f"{name} is here:")
    print(path)
