"""`grae data list | show | fetch`: sets of strings and sets of images."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from grae.cli.completion import datasets
from grae.cli.options import AsJson
from grae.cli.output import emit, note, print_facts, progress, table
from grae.errors import DataError

app = typer.Typer(help="List, show and download data sets.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A data set's name, as `grae data list` prints it.", autocompletion=datasets),
]
SHOWN = 5  # strings to print


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the data sets, and whether each is downloaded."""
    from grae.datasets import entries, find
    from grae.datasets.images import find_images, image_entries

    known = [(entry, find(entry.name)) for entry in entries().values()]
    if as_json:
        records = [{**entry.model_dump(mode="json"), "path": path} for entry, path in known]
        return emit({"data": records, "images": [_image_record(name) for name in image_entries()]})
    rows = [[e.name, e.language, e.strings, "yes" if path else "no", e.description] for e, path in known]
    for e in image_entries().values():
        local = find_images(e.name)
        edition = e.editions[0] if local is None else local[0]
        rows.append([e.name, "images", edition.images, "yes" if local else "no", e.description])
    table(["name", "language", "size", "here", "description"], rows)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Describe a data set, and print its first strings if it is downloaded."""
    from grae.datasets import entry, find, open_source

    if _is_of_images(name):
        return _show_images(name, as_json)
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
        "here": path or f"no; `grae data fetch {name}` downloads it",
    }
    print_facts(facts, first)


@app.command()
def fetch(name: Name, as_json: AsJson = False) -> None:
    """Download a data set, verify it, and print its path."""
    from grae.datasets import fetch as bring
    from grae.datasets.images import fetch_images

    if _is_of_images(name):
        with progress(f"fetching {name}") as done:
            _, paths = fetch_images(name, progress=lambda come, total: done(come / max(1, total)))
        if as_json:
            return emit({"name": name, "paths": list(paths)})
        note(f"{name} is here:")
        print(*(paths or ["included in scikit-learn"]), sep="\n")
        return
    with progress(f"fetching {name}") as done:
        path = bring(name, progress=lambda come, total: done(come / max(1, total)))
    if as_json:
        return emit({"name": name, "path": path})
    note(f"{name} is here:")
    print(path)


def _is_of_images(name: str) -> bool:
    """Whether a data set is a set of images. Raises DataError: there is no such data set."""
    from grae.datasets import entries
    from grae.datasets.images import image_entries

    if name not in {**entries(), **image_entries()}:
        raise DataError.unknown("data set", name, [*entries(), *image_entries()])
    return name in image_entries()


def _image_record(name: str) -> dict[str, object]:
    """The description of a set of images, with its files on this machine, if any."""
    from grae.datasets.images import find_images, image_entries

    local = find_images(name)
    paths: list[Path] | None = None if local is None else list(local[1])
    return {**image_entries()[name].model_dump(mode="json"), "paths": paths}


def _show_images(name: str, as_json: bool) -> None:
    from grae.datasets.images import find_images, image_entry

    if as_json:
        return emit(_image_record(name))
    known, local = image_entry(name), find_images(name)
    facts: dict[str, object] = {
        "name": known.name,
        "description": known.description,
        "language": "images",
        "licence": known.licence,
        "address": known.address,
        "here": f"no; `grae data fetch {name}` downloads it" if local is None else f"yes, {local[0].images:,} images",
    }
    print_facts(facts, () if local is None else local[1])
