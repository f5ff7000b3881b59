"""`grae sample`: new strings from the density over the latent codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.cli.options import (
    MOST_STRINGS,
    AsJson,
    CompletionName,
    ConstraintsName,
    DensityName,
    Device,
    OfGrammar,
    Raw,
    RunArgument,
    Seed,
    Temperature,
)
from grae.cli.output import emit, is_table, note, table, write_strings
from grae.cli.runs import find_run
from grae.errors import SettingsError

if TYPE_CHECKING:
    from grae.evaluation.sampling import Samples
    from grae.grammar import Grammar
    from grae.sequence import GrammarAutoencoder

TABLE = 12  # strings in the table
PANELS = 20  # molecules in the picture


def sample(
    run: RunArgument = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, max=MOST_STRINGS, help="How many strings.")] = 100,
    grammar: OfGrammar = None,
    density: DensityName = None,
    temperature: Temperature = 0.0,
    constraints: ConstraintsName = None,
    completion: CompletionName = "forced",
    raw: Raw = False,
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
    """Sample new strings, each in the language; with --out FILE a table of the first valid ones on stdout.

    Of molecules it says how many are valid, with the decoder's rules and without, unique and novel. With --completion
    none it says how many derivations are complete, and writes those.
    """
    place = find_run(run, grammar)
    from grae.sequence.configuration import check_decoding
    from grae.training.run_folder import RunFolder

    names = [] if density is None else [density]
    plain = check_decoding(RunFolder(place), densities=names, constraints=constraints, completion=completion)
    if draw is not None and plain.language != "molecules":
        raise SettingsError(
            f"--draw: the grammar {plain.name!r} of {place} says nothing of molecules",
            remedy="leave --draw out, or write '#% language molecules' into the grammar and train again",
        )

    import grae
    from grae.cli.densities import with_densities

    model = with_densities(grae.load(place, device=device), place, density)
    from grae.evaluation.sampling import drawn

    given: dict[str, Any] = {"temperature": temperature, "constraints": constraints, "completion": completion}
    samples = drawn(model, n, density=density, seed=seed, **given)
    texts = [text for text in samples.texts if text is not None]
    report: dict[str, object] = {}
    if completion == "none":
        report["complete"] = len(texts) / n
        note(f"{len(texts):,} of {n:,} complete")
    if model.language_grammar_.language == "molecules":
        canonical, measured = _measured(model, samples)
        report |= measured
        texts = texts if raw else canonical
    if not (as_json and out == "-"):
        molecules = model.language_grammar_.language == "molecules"
        more = _columns(texts) if molecules and is_table(out) else None
        write_strings(out, texts, model.language_grammar_.language, more)
    if draw is not None:
        _draw(texts, draw)
        note(f"drawing: {draw}")
    if as_json:
        emit({"run": place, "n": len(texts), **report, **({"samples": texts} if out == "-" else {"out": out})})
    elif out != "-":
        _print_table(model.language_grammar_, texts)
        note(f"{len(texts):,} samples in {out}")
    if "valid" in report and not as_json:
        _print_report(report, n)


def _measured(model: "GrammarAutoencoder", samples: "Samples") -> tuple[list[str], dict[str, object]]:
    """Samples of molecules in canonical form, the complete ones, and how many of all are valid, unique and novel."""
    from grae.chemistry import canonical_all, readable_all

    texts = [text for text in samples.texts if text is not None]
    n, without = len(samples.texts), samples.without
    forms = canonical_all(texts)
    valid = sum(form is not None for form in forms)
    distinct = sorted({form for form in forms if form is not None})
    under_grammar = valid if without is None else sum(form is not None for form in canonical_all(without))
    report: dict[str, object] = {
        "constraints": "grammar" if without is None else "semantic",
        "valid": valid / n,
        "valid_without_constraints": under_grammar / n,
    }
    report |= {"unique": len(distinct) / valid if valid else None, "novel": _novelty(model, distinct)}
    return readable_all(texts), report


def _novelty(model: "GrammarAutoencoder", distinct: Sequence[str]) -> float | None:
    """The share of molecules that the training set does not hold; None where it is not at hand in one spelling."""
    from grae.datasets import in_form, open_store
    from grae.datasets.origin import texts_of
    from grae.errors import DataError

    form, folder = model.settings_.form, model.about_.get("store")
    if form == "as-written" or folder is None or not distinct:
        return None
    try:
        store = open_store(folder)
    except DataError:
        return None
    wanted = set(in_form(distinct, form))
    training = texts_of(model.language_grammar_, store, model.split_.train)
    return 1 - len({text for text in training if text in wanted}) / len(wanted)


def _print_report(report: dict[str, object], n: int) -> None:
    def percent(name: str) -> str:
        share = report[name]
        return f"{100 * share:.2f} %" if isinstance(share, float) else "unknown"

    plain = f"{percent('valid_without_constraints')} under the grammar's rules alone"
    masked = f"{percent('valid')} under the language's, " if report["constraints"] == "semantic" else ""
    note(f"of {n:,} valid: {masked}{plain}")
    note(f"of the valid unique: {percent('unique')}; of these novel: {percent('novel')}")


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


def _columns(texts: Sequence[str]) -> dict[str, list[float | int | None]]:
    """The properties of molecules by name, for a table; empty where a string is not valid."""
    from grae.chemistry import properties

    found = [properties(text) for text in texts]
    names = ("logp", "sa", "qed", "weight", "heavy_atoms")
    return {name: [None if one is None else getattr(one, name) for one in found] for name in names}


def _draw(texts: Sequence[str], path: Path) -> None:
    from grae.chemistry import draw_grid, properties, read

    valid = [text for text in dict.fromkeys(texts) if read(text) is not None][:PANELS] or list(texts)[:PANELS]
    found = [properties(text) for text in valid]
    draw_grid(valid, path, legends=["" if p is None else f"logP {p.logp:.2f}  QED {p.qed:.2f}" for p in found])
