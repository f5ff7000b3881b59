"""`grae interpolate`: the strings on the path between two strings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grae.cli.analogs import check_drawing
from grae.cli.options import AsJson, Device, ModelName, OfGrammar, RunOption
from grae.cli.output import emit, is_table, note, table, write_strings
from grae.cli.runs import find_run, named

if TYPE_CHECKING:
    from grae.sequence.interpolation import Waypoint

MOST = 1_000
MOST_POINTS = 100_000


def interpolate(
    first: Annotated[str, typer.Argument(metavar="FIRST", help="A string, such as a SMILES.")],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="Another string.")],
    run: RunOption = None,
    named_model: ModelName = None,
    grammar: OfGrammar = None,
    n: Annotated[int, typer.Option("-n", "--number", min=2, max=MOST, help="Maximum number of strings.")] = 10,
    points: Annotated[
        int, typer.Option("--points", min=2, max=MOST_POINTS, help="Number of codes decoded on the path.")
    ] = 101,
    path: Annotated[
        Literal["linear", "spherical"], typer.Option("--path", help="A line between the codes, or an arc.")
    ] = "linear",
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Output file: .csv or .tsv with all columns, else strings."),
    ] = None,
    draw: Annotated[
        Path | None, typer.Option("--draw", metavar="FILE", help="Molecules: draw them to a .png or .svg.")
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Decode codes on the path between those of two strings, and print the distinct strings."""
    place = find_run(named(run, named_model), grammar)
    from grae.sequence.configuration import read_language_grammar
    from grae.training.run_folder import RunFolder

    language = read_language_grammar(RunFolder(place)).language
    check_drawing(draw, language)

    import grae
    from grae.sequence.interpolation import columns_of

    stops = grae.load(place, device=device).interpolate(first, second, n, points=points, path=path)
    texts = [stop.text for stop in stops]
    columns = {name: [columns_of(stop)[name] for stop in stops] for name in columns_of(stops[0])}
    if draw is not None and language.draw is not None:
        language.draw([first, *texts, second], draw, ["first", *map(_interval, stops), "second"])
        note(f"drawing: {draw}")
    if out is not None:
        write_strings(out, texts, language, columns if is_table(out) else None)
        note(f"{len(texts):,} strings in {out}")
    if as_json:
        strings = [{"string": stop.text, **columns_of(stop)} for stop in stops]
        emit({"run": place, "first": first, "second": second, "strings": strings, **({"out": out} if out else {})})
    elif out is None:
        headings = ["way", language.singular, "to first", "to second", *language.headings]
        rows = [
            [
                _interval(stop),
                stop.text,
                *stop.similarity,
                *(stop.properties[name] for name in language.beside_scores),
            ]
            for stop in stops
        ]
        table(headings, rows)


def _interval(stop: "Waypoint") -> str:
    return f"{stop.first:.2f}" if stop.first == stop.last else f"{stop.first:.2f} to {stop.last:.2f}"
