"""`grae analogs`: strings similar to a given one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grae.cli.options import AsJson, Device, ModelName, OfGrammar, RunOption, Seed, Template, Where
from grae.cli.output import emit, is_table, note, table, write_strings
from grae.cli.runs import find_run, named
from grae.errors import GraeError, SettingsError

if TYPE_CHECKING:
    from grae.grammar.language import Language
    from grae.sequence.analogs import Analogs

MOST = 10_000


def analogs(
    text: Annotated[str, typer.Argument(metavar="STRING", help="The string, such as a SMILES.")],
    run: RunOption = None,
    named_model: ModelName = None,
    grammar: OfGrammar = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, max=MOST, help="Number of analogs.")] = 50,
    least_similarity: Annotated[
        float,
        typer.Option(
            "--least-similarity",
            min=0.0,
            max=1.0,
            help="Similarity of each: Tanimoto of Morgan fingerprints for molecules, else of derivations.",
        ),
    ] = 0.5,
    template: Template = None,
    where: Where = None,
    rule: Annotated[
        str | None,
        typer.Option("--rule", metavar="FILE:NAME", help="A predicate of strings that holds for each: mine.py:holds."),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Output file: .csv or .tsv with all columns, else strings."),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option("--draw", metavar="FILE", help="Molecules: draw them, aligned by their core, to a .png or .svg."),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Find distinct valid strings similar to a given one, most similar first.

    They are decoded from codes near its code, and made by changing its derivation. If fewer are found than requested,
    a note says so.
    """
    place = find_run(named(run, named_model), grammar)
    from grae.sequence.configuration import read_language_grammar
    from grae.training.run_folder import RunFolder

    language = read_language_grammar(RunFolder(place)).language
    check_drawing(draw, language)

    import grae
    from grae.constraints import PlainAutomaton
    from grae.sequence.rules import rule_named

    predicate = None if rule is None else rule_named(rule)
    if isinstance(predicate, PlainAutomaton):
        raise SettingsError(f"--rule {rule} is an automaton", remedy="give a predicate of strings")
    model = grae.load(place, device=device)
    found = model.analogs(
        text, n, least_similarity=least_similarity, template=template, where=where, rule=predicate, seed=seed
    )
    if not found:
        raise GraeError(f"found {found}", remedy=_remedy(found, template))
    if draw is not None:
        _draw(found, draw, template)
        note(f"drawing: {draw}")
    if out is not None:
        write_strings(out, found.texts, language, found.columns() if is_table(out) else None)
    if as_json:
        emit({"run": place, **_as_record(found), **({} if out is None else {"out": out})})
    elif out is None:
        _print_table(found, language)
    note(f"{found}{'' if out is None else f', in {out}'}")


def check_drawing(draw: Path | None, language: "Language") -> None:
    """Checks an output file for a drawing.

    Raises:
        SettingsError: the strings cannot be drawn, or the file is neither .png nor .svg.
    """
    if draw is None:
        return
    if language.draw is None:
        raise SettingsError(f"--draw: grae cannot draw {language.plural}", remedy="omit --draw")
    if draw.suffix.lower() not in (".png", ".svg"):
        raise SettingsError(f"--draw {draw}: neither .png nor .svg", remedy="give a file with one of these endings")


def _remedy(found: "Analogs", template: str | None) -> str:
    """A remedy if no analogs were found."""
    if found.refused:
        return "ask less of them (--rule, --where), or lower --least-similarity"
    return "lower --least-similarity" + ("" if template is None else ", or open the template further")


def _draw(found: "Analogs", path: Path, template: str | None) -> None:
    """Draws the string and its analogs."""
    from grae.chemistry.alignment import draw_aligned

    core = template if template is None or "<" not in template else None
    legends = ["given", *(f"{analog.similarity:.2f}" for analog in found)]
    draw_aligned([found.of, *found.texts], path, legends, template=core)


def _print_table(found: "Analogs", language: "Language") -> None:
    headings = [language.singular, "similarity", "distance", *language.headings]
    rows = [
        [
            analog.text,
            analog.similarity,
            analog.distance,
            *(analog.properties[name] for name in language.beside_scores),
        ]
        for analog in found
    ]
    table(headings, rows)


def _as_record(found: "Analogs") -> dict[str, object]:
    return {
        "of": found.of,
        "n": len(found),
        "requested": found.requested,
        "considered": found.considered,
        "refused": found.refused,
        "analogs": [
            {
                "string": analog.text,
                "similarity": analog.similarity,
                "distance": analog.distance,
                "source": analog.source,
                **analog.properties,
            }
            for analog in found
        ],
    }
