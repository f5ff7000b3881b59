"""`grae sample`: new strings from the density over the latent codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grae.cli.options import AsJson, DensityName, Device, OfGrammar, RunArgument, Seed, Temperature
from grae.cli.output import emit, note, table, write_lines
from grae.cli.runs import find_run
from grae.errors import SettingsError

if TYPE_CHECKING:
    from grae.grammar import Grammar

TABLE = 12  # strings in the table
PANELS = 20  # molecules in the picture


def sample(
    run: RunArgument = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many strings.")] = 100,
    grammar: OfGrammar = None,
    density: DensityName = None,
    temperature: Temperature = 0.0,
    seed: Seed = 0,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Where the strings go, a line each; - for stdout.")
    ] = "-",
    draw: Annotated[
        Path | None, typer.Option("--draw", metavar="PNG", help="Molecules: also draw the first valid ones here.")
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Sample new strings, each in the language; with --out FILE a table of the first valid ones on stdout."""
    place = find_run(run, grammar)
    import grae

    model = grae.load(place, device=device)
    if draw is not None and model.language_grammar_.language != "molecules":
        raise SettingsError(
            f"--draw: the grammar {model.language_grammar_.name!r} of {place} says nothing of molecules",
            remedy="leave --draw out, or write '#% language molecules' into the grammar and train again",
        )
    texts = model.sample(n, density=density, temperature=temperature, seed=seed)
    if not (as_json and out == "-"):
        write_lines(out, texts)
    if draw is not None:
        _draw(texts, draw)
        note(f"drawing: {draw}")
    if as_json:
        emit({"run": place, "n": len(texts), **({"samples": texts} if out == "-" else {"out": out})})
    elif out != "-":
        _print_table(model.language_grammar_, texts)
        note(f"{len(texts):,} samples in {out}")


def _first_valid(grammar: "Grammar", texts: Sequence[str], most: int) -> list[str]:
    """The first distinct valid strings; where none is valid, the first distinct strings."""
    from grae.evaluation import meaning_of

    distinct = list(dict.fromkeys(texts))
    forms = meaning_of(grammar).canonical(distinct)
    valid = [text for text, form in zip(distinct, forms, strict=True) if form is not None]
    return (valid or distinct)[:most]


def _print_table(grammar: "Grammar", texts: Sequence[str]) -> None:
    """The first valid samples; of molecules with their properties."""
    shown = _first_valid(grammar, texts, TABLE)
    if grammar.language != "molecules":
        return table(["sample"], [[text] for text in shown])
    from grae.chemistry import properties

    rows = [[text, *(found or [None] * 5)] for text in shown for found in [properties(text)]]
    table(["sample", "logP", "SA", "QED", "weight", "heavy atoms"], rows)


def _draw(texts: Sequence[str], path: Path) -> None:
    from grae.chemistry import draw_grid, properties, read

    valid = [text for text in dict.fromkeys(texts) if read(text) is not None][:PANELS] or list(texts)[:PANELS]
    found = [properties(text) for text in valid]
    draw_grid(valid, path, legends=["" if p is None else f"logP {p.logp:.2f}  QED {p.qed:.2f}" for p in found])
