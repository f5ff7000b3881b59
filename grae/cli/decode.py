"""`grae decode`: latent codes to strings."""

from typing import Annotated, Any

import typer

from grae.cli.options import (
    AsJson,
    ConstraintsName,
    Device,
    ModelName,
    OfGrammar,
    Raw,
    RuleName,
    RunArgument,
    Seed,
    Temperature,
    Template,
    Tries,
)
from grae.cli.output import emit, note, write_strings
from grae.cli.runs import find_run, named


def decode(
    run: RunArgument = None,
    named_model: ModelName = None,
    grammar: OfGrammar = None,
    source: Annotated[
        str, typer.Option("--in", "-i", metavar="FILE", help="A file of codes, .npy or CSV; - for stdin.")
    ] = "-",
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Output file: text, .smi, .csv or .tsv, optionally .gz; - for stdout.",
        ),
    ] = "-",
    temperature: Temperature = 0.0,
    constraints: ConstraintsName = None,
    raw: Raw = False,
    template: Template = None,
    rule: RuleName = None,
    tries: Tries = 10,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Decode latent codes to strings, one line per code; strings are in the language, molecules valid.

    With --rule the line of a code is empty where a predicate never holds.
    """
    place = find_run(named(run, named_model), grammar)
    from grae.cli.codes import of_width, read_codes
    from grae.sequence.configuration import check_decoding, read_settings
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    check_decoding(folder, constraints=constraints)
    codes = of_width(read_codes(source), read_settings(folder).architecture.latent_dim, source)

    import grae
    from grae.cli.rules import decode_by_rule
    from grae.sequence.templates import template_of

    model = grae.load(place, device=device)
    given: dict[str, Any] = {
        "temperature": temperature,
        "seed": seed,
        "constraints": constraints,
        "template": None if template is None else template_of(model, template),
    }
    about: dict[str, object] = {}
    texts: list[str | None] = []
    if rule is None:
        texts += model.inverse_transform(codes, raw=raw, **given)
    else:
        texts, about = decode_by_rule(model, codes, rule, tries, raw, given)
    if not (as_json and out == "-"):
        write_strings(out, [text or "" for text in texts], model.language_grammar_.language)
    if as_json:
        emit({"run": place, "n": len(texts), **about, **({"strings": texts} if out == "-" else {"out": out})})
    elif out != "-":
        note(f"{len(texts):,} strings in {out}")
