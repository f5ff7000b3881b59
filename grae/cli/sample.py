"""`grae sample`: new strings from the density of the latent codes."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.bounds import MOST_STRINGS
from grae.cli.options import (
    AsJson,
    CompletionName,
    ConstraintsName,
    DensityName,
    Device,
    ModelName,
    OfGrammar,
    Raw,
    RuleName,
    RunArgument,
    Seed,
    ShardName,
    Temperature,
    Template,
    Tries,
    Where,
)
from grae.cli.output import emit, is_table, note, strings_as_bytes, strings_heading, table
from grae.cli.runs import find_run, named
from grae.errors import GraeError, SettingsError

if TYPE_CHECKING:
    from grae.conditions import Condition
    from grae.evaluation.sampling import Samples
    from grae.grammar import Grammar
    from grae.grammar.language import Language
    from grae.sequence import GrammarAutoencoder

TABLE = 12  # strings in the table
PANELS = 20  # molecules in the picture


def sample(
    run: RunArgument = None,
    named_model: ModelName = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, max=MOST_STRINGS, help="Number of strings.")] = 100,
    grammar: OfGrammar = None,
    density: DensityName = None,
    temperature: Temperature = 0.0,
    constraints: ConstraintsName = None,
    completion: CompletionName = "forced",
    raw: Raw = False,
    template: Template = None,
    rule: RuleName = None,
    tries: Tries = 10,
    where: Where = None,
    attempts: Annotated[
        int | None,
        typer.Option(
            "--attempts",
            min=1,
            max=MOST_STRINGS,
            help="--where: maximum codes decoded. [default: 50 per string, at least 10000]",
        ),
    ] = None,
    seed: Seed = 0,
    shard: ShardName = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Output file, one string per line; - for stdout.")
    ] = "-",
    draw: Annotated[
        Path | None,
        typer.Option("--draw", metavar="PNG", help="Molecules: also draw the first valid ones to this file."),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Sample new strings; with --out FILE, print a table of the first valid ones.

    For molecules, reports validity, raw validity, uniqueness and novelty. With --completion none, reports the share
    of complete derivations, and writes those.

    With --template, every string is the template with its holes filled; every molecule then contains the scaffold.

    With a predicate as --rule, codes are decoded again with next-best choices until it holds; strings for which it
    never holds are counted and not written. An automaton is enforced at each step, instead of the language's.

    With --where, the strings are distinct and fulfil the condition; sampling concentrates on regions in which strings
    fulfilled it. If too few are found, these are written, and the exit status is 2.
    """
    _check_options(rule, where, completion, attempts, shard)
    from grae.cli.parts import job_of, shard_named, write_part

    part = shard_named(shard, out)
    place = find_run(named(run, named_model), grammar)
    from grae.sequence.configuration import check_decoding
    from grae.training.run_folder import RunFolder

    names = [] if density is None else [density]
    plain = check_decoding(RunFolder(place), densities=names, constraints=constraints, completion=completion)
    language = plain.language
    condition = None if where is None else _condition(where, plain)
    if draw is not None and language.draw is None:
        raise SettingsError(
            f"--draw: {place} is a run of {language.plural}, which grae cannot draw",
            remedy="omit --draw, or name their language in the grammar, as with '#% language molecules', and "
            "train again",
        )

    import grae
    from grae.cli.blocks import block_file, format_of
    from grae.cli.densities import with_densities
    from grae.cli.sample_report import Report, print_report, training_of
    from grae.datasets.readers import file_checksum
    from grae.density.blocks import BLOCK
    from grae.evaluation.sampling import drawn_blocks
    from grae.paths import DENSITY_FILE
    from grae.sequence.decoding import Decoding
    from grae.sequence.templates import template_of

    model = with_densities(grae.load(place, device=device), place, density)
    held = None if template is None else template_of(model, template)
    given: dict[str, Any] = {"temperature": temperature, "constraints": constraints, "seed": seed, "template": held}
    kind = {
        "molecular": language.is_molecular and rule is None and condition is None,
        "semantic": completion == "forced" and model.constraints_used(constraints) == "semantic",
        "forced": completion == "forced",
        "templated": template is not None,
    }
    texts, first, special, unmet = [], [], {}, None
    with ExitStack() as stack:
        report = stack.enter_context(Report(**kind))
        columns = [one.name for one in language.properties]
        heading = strings_heading(out, language, columns)
        file = None if as_json and out == "-" else stack.enter_context(block_file(out, heading))
        if condition is not None:
            samples, special, unmet = _fulfilling(model, n, density, condition, attempts, {**given, "raw": raw})
            blocks = iter([samples])
        elif rule is not None:
            samples, special = _under_rule(model, n, density, rule, tries, given)
            blocks = iter([samples])
        else:
            numbered = drawn_blocks(model, n, Decoding(completion=completion, **given), density, part)
            blocks = (block for _, block in numbered)
        for block in blocks:
            report.add(model, block)
            strings = [text for text in block.texts if text is not None]
            if language.is_molecular and not raw and condition is None:
                from grae.chemistry import readable_all

                strings = readable_all(strings)
            first = first or strings
            if file is None:
                texts += strings
            else:
                properties = _columns(language, strings) if is_table(out) else None
                file.add(strings_as_bytes(out, strings, properties), len(strings))
        if kind["molecular"]:
            report.compare(training_of(model))
        shares = report.shares() | special | ({} if template is None else {"template": template})
        if shard is not None and file is not None:
            job = {
                **job_of(place),
                "density": density or model.settings_.density,
                "densities": file_checksum(place / DENSITY_FILE),
                "n": n,
                "temperature": temperature,
                "seed": seed,
                "template": template,
                "constraints": model.constraints_used(constraints),
                "completion": completion,
                "raw": raw,
                "format": format_of(out),
                "block": BLOCK,
            }
            write_part(out, "sample", part, job, report.about(), file.arrays() | report.arrays())
    n_written = len(texts) if file is None else sum(file.rows)
    if draw is not None:
        _draw(model.language_grammar_, first, draw)
        note(f"drawing: {draw}")
    if as_json:
        emit({"run": place, "n": n_written, **shares, **({"samples": texts} if out == "-" else {"out": out})})
    elif out != "-":
        _print_table(model.language_grammar_, first)
        note(f"{n_written:,} samples in {out}")
    if not as_json:
        print_report(shares, report.counts)
    if unmet is not None:
        raise unmet


def _check_options(
    rule: str | None, where: str | None, completion: str, attempts: int | None, shard: str | None
) -> None:
    """Checks combinations of options.

    Raises:
        SettingsError: options cannot be combined.
    """
    given = {"--rule": rule is not None, "--where": where is not None, "--completion none": completion == "none"}
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise SettingsError(f"{' and '.join(names)} cannot be combined", remedy="give only one of them")
    if shard is not None and (rule is not None or where is not None):
        raise SettingsError(f"{names[0]} and --shard cannot be combined", remedy="give only one of them")
    if attempts is not None and where is None:
        raise SettingsError("--attempts requires --where", remedy="omit it, or give a condition")


def _condition(text: str, grammar: "Grammar") -> "Condition":
    """A condition; prints a note on the meaning of its names."""
    from grae.conditions.condition import Condition, meanings

    condition = Condition.read(text, grammar)
    named = [f"{name}: {title}" for name, title in meanings(condition).items() if name != title]
    if named:
        note("; ".join(named))
    return condition


def _fulfilling(
    model: "GrammarAutoencoder",
    n: int,
    density: str | None,
    condition: "Condition",
    attempts: int | None,
    given: dict[str, Any],
) -> "tuple[Samples, dict[str, object], GraeError | None]":
    """Samples that fulfil a condition, their report, and the error if there are too few."""
    from grae.conditions.steering import ConditionUnmetError
    from grae.evaluation.sampling import Samples
    from grae.sequence.conditioned import sample_where
    from grae.sequence.decoding import Decoding

    found = sample_where(model, n, condition, Decoding(**given), density=density, attempts=attempts)
    note(f"{condition}: {found}")
    unmet = None if len(found.texts) == n else ConditionUnmetError(str(condition), found)
    return Samples(found.texts, None), {"where": found.to_dict()}, unmet


def _under_rule(
    model: "GrammarAutoencoder", n: int, density: str | None, rule: str, tries: int, given: dict[str, Any]
) -> "tuple[Samples, dict[str, object]]":
    """Samples under a rule, and their report."""
    from grae.cli.rules import about_automaton, decoded_under
    from grae.constraints import PlainAutomaton
    from grae.evaluation.sampling import Samples, drawn
    from grae.sequence.decoding import Decoding
    from grae.sequence.rules import rule_named, with_automaton

    kept = rule_named(rule)
    if isinstance(kept, PlainAutomaton):
        about = about_automaton(rule, kept)
        samples = drawn(with_automaton(model, kept, rule), n, Decoding(**given), density)
        return Samples(samples.texts, None), about
    codes = model.sampled_density(density).sample(n, given["seed"])
    texts, about = decoded_under(model, codes, rule, kept, tries, given)
    return Samples(texts, None), about


def _first_valid(grammar: "Grammar", texts: Sequence[str], most: int) -> list[str]:
    """The first distinct valid strings; if none is valid, the first distinct strings."""
    distinct = list(dict.fromkeys(texts))
    forms = grammar.canonical(distinct)
    valid = [text for text, form in zip(distinct, forms, strict=True) if form is not None]
    return (valid or distinct)[:most]


def _print_table(grammar: "Grammar", texts: Sequence[str]) -> None:
    """Prints the first valid samples; molecules with their properties."""
    shown = _first_valid(grammar, texts, TABLE)
    properties = grammar.language.properties
    measured = grammar.language.measure(shown)
    rows = [[text, *(values[one.name] for one in properties)] for text, values in zip(shown, measured, strict=True)]
    table(["sample", *(one.heading for one in properties)], rows)


def _columns(language: "Language", texts: Sequence[str]) -> dict[str, list[float | None]]:
    """The properties of strings by name, for a table; empty for invalid strings."""
    measured = language.measure(texts)
    return {one.name: [values[one.name] for values in measured] for one in language.properties}


def _draw(grammar: "Grammar", texts: Sequence[str], path: Path) -> None:
    """Draws the first valid strings."""
    language = grammar.language
    assert language.draw is not None
    shown = _first_valid(grammar, texts, PANELS)
    language.draw(shown, path, [language.caption(text) for text in shown])
