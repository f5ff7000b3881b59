"""`grae grammar list | show | check | parse | convert`; `fit` and `sample` are in `grammar_weights`."""

import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from grae.bounds import MOST_MOTIFS, MOST_STEPS
from grae.cli.grammar_diagnosis import ambiguity_record, print_ambiguity, print_usage, usage_record
from grae.cli.grammar_options import Alphabet, FormatName, GrammarArgument
from grae.cli.grammar_weights import fit, sample
from grae.cli.options import AsJson, Column, Delimiter, FormName
from grae.cli.output import PIPE_WIDTH, emit, note, progress, table
from grae.cli.strings import undecodable_note
from grae.terminal import say

if TYPE_CHECKING:
    from grae.datasets import Coverage
    from grae.grammar import Grammar

app = typer.Typer(help="List, show, check, convert and fit grammars, and draw strings of them.", no_args_is_help=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the built-in grammars."""
    from grae.grammar import load_grammar, shipped_grammars

    records = [_summary(load_grammar(name)) for name in shipped_grammars()]
    if as_json:
        return emit({"grammars": records})
    columns = ["name", "language", "productions", "nonterminals", "terminals"]
    table(columns, [[record[column] for column in columns] for record in records])


@app.command()
def show(
    grammar: GrammarArgument,
    motifs: Annotated[
        int, typer.Option("--motifs", min=0, max=MOST_MOTIFS, help="Number of motifs of a run, most used first.")
    ] = 20,
    format: FormatName = None,
    alphabet: Alphabet = None,
    as_json: AsJson = False,
) -> None:
    """Print a grammar's productions with ids and shortest completions, and a run's motifs."""
    from grae.grammar import load_grammar

    read = load_grammar(grammar, format=format, alphabet=alphabet)
    records = [
        {"id": p.id, "line": p.line, "production": str(p), "shortest_completion": read.analysis.completion(p)}
        for p in read.productions
    ]
    n_base = len(records) - len(read.motifs)
    for record, motif in zip(records[n_base:], read.motifs, strict=True):
        record |= {"composes": [motif.parent, motif.slot, motif.child], "uses": motif.uses}
    summary = _summary(read)
    if as_json:
        return emit({**summary, "productions": records[:n_base], "motifs": records[n_base:]})
    say(", ".join(f"{key} {value}" for key, value in summary.items() if key != "fingerprint"), sys.stdout)
    print(f"fingerprint {summary['fingerprint']}")
    columns = ["id", "line", "production", "shortest_completion"]
    table(columns, [[record[column] for column in columns] for record in records[:n_base]])
    if read.motifs and motifs:
        most_used = sorted(records[n_base:], key=lambda record: -(record["uses"] or 0))[:motifs]
        title = f"The most used of {len(read.motifs):,} motifs, in the strings that they were learned from"
        columns = ["id", "uses", "production", "composes"]
        rows = [[*(r[c] for c in columns[:3]), "{} . {} . {}".format(*r["composes"])] for r in most_used]
        table(columns, rows, title=title)


@app.command()
def check(
    grammar: GrammarArgument,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", metavar="DATA", help="A data set's name or a file (- for stdin) to parse."),
    ] = None,
    column: Column = None,
    delimiter: Delimiter = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", min=1, max=MOST_STEPS, help="Maximum productions per string.")
    ] = None,
    form: FormName = None,
    format: FormatName = None,
    alphabet: Alphabet = None,
    as_json: AsJson = False,
) -> None:
    """Report problems of a grammar by name and line; with --data, its coverage of a data set.

    Also reports ambiguous strings, with two trees; with --data, unused productions, where lines fail and what was
    expected there, the lengths of derivations, and what motifs would save.

    Strings are counted as in `grae train`: molecules are converted to the form that it learns, by RDKit; --form
    as-written counts them unchanged.
    """
    from grae.grammar import load_grammar

    read = load_grammar(grammar, format=format, alphabet=alphabet)
    findings = read.analysis.findings
    coverage = None if data is None else _coverage(read, data, column, delimiter, max_length, form)
    if as_json:
        lines = [
            {"kind": f.kind, "production": f.production.id, "line": f.production.line, "message": str(f)}
            for f in findings
        ]
        about = {**_summary(read), "findings": lines, "ambiguity": ambiguity_record(read, coverage)}
        if coverage is not None:
            about["coverage"] = {**_record(coverage), **usage_record(read, coverage)}
        return emit(about)
    for finding in findings:
        say(str(finding), sys.stdout)
    print_ambiguity(read, coverage)
    plural = "" if len(findings) == 1 else "s"
    note(f"{read.name}: {read.n_productions} productions, {len(findings) or 'no'} finding{plural}")
    if coverage is not None:
        _print(coverage)
        print_usage(read, coverage)


@app.command()
def parse(
    grammar: GrammarArgument,
    string: Annotated[str, typer.Argument(metavar="STRING", help="A string of the grammar's language.")],
    draw: Annotated[bool, typer.Option("--draw", help="Draw the tree with lines instead of brackets.")] = False,
    format: FormatName = None,
    alphabet: Alphabet = None,
    as_json: AsJson = False,
) -> None:
    """Print the parse tree of a string; motifs are expanded."""
    from grae.grammar import load_grammar
    from grae.grammar.trees import bracketed, drawn, tree_of

    read = load_grammar(grammar, format=format, alphabet=alphabet)
    plain = read.plain
    ids = plain.parse(string).tolist()
    if as_json:
        productions = [str(plain.productions[number]) for number in ids]
        return emit({"grammar": read.name, "string": string, "ids": ids, "productions": productions})
    tree = tree_of(plain, ids)
    print(drawn(tree) if draw else bracketed(tree, get_terminal_size((PIPE_WIDTH, 24)).columns))


@app.command()
def convert(
    grammar: GrammarArgument,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Output file; - for stdout.")] = "-",
    format: FormatName = None,
    alphabet: Alphabet = None,
) -> None:
    """Write a grammar in grae's notation: plain productions."""
    from grae.cli.output import write_lines
    from grae.grammar import load_grammar

    read = load_grammar(grammar, format=format, alphabet=alphabet)
    write_lines(out, read.text.removesuffix("\n").split("\n"))
    if out != "-":
        note(f"{read.n_productions:,} productions in {out}")


app.command()(fit)
app.command()(sample)


def _coverage(
    grammar: "Grammar",
    data: str,
    column: str | None,
    delimiter: str | None,
    max_length: int | None,
    form: str | None,
) -> "Coverage":
    from grae.autoencoder.models import model_named
    from grae.datasets import check_coverage, open_source
    from grae.sequence.settings import preset_named

    form = form or preset_named("default", grammar, model_named("grae")).form
    with progress("checking") as done:
        return check_coverage(
            grammar,
            open_source(data, column=column, delimiter=delimiter, grammar=grammar),
            max_length=max_length,
            form=form,
            progress=lambda so_far: done(so_far.fraction),
        )


def _record(coverage: "Coverage") -> dict[str, object]:
    """The coverage as JSON."""
    rejected = [
        {"reason": reason, "count": count, "samples": [r._asdict() for r in coverage.rejects if r.reason == reason]}
        for reason, count in coverage.rejected.items()
    ]
    return {
        "read": coverage.read,
        "in_language": coverage.kept,
        "fraction": coverage.fraction,
        "mean_length": coverage.mean_length,
        "longest": coverage.longest,
        "undecodable": coverage.undecodable,
        "undecodable_samples": [{"line": line, "text": text} for line, text in coverage.undecodable_lines],
        "rejected": rejected,
    }


def _print(coverage: "Coverage") -> None:
    print(f"{coverage.kept:,} of {coverage.read:,} lines are in the language: {100 * coverage.fraction:.2f} %")
    if coverage.kept:
        lengths = ", ".join(f"{coverage.percentile(percent)} at {percent} %" for percent in (50, 90, 99, 99.9))
        mean = f"mean {coverage.mean_length:.1f}"
        say(f"productions of a derivation: {mean}, {lengths}, longest {coverage.longest}", sys.stdout)
    if coverage.undecodable:
        say(undecodable_note(coverage.undecodable, coverage.kept), sys.stdout)
        table(["line", "never decoded"], coverage.undecodable_lines)
    if coverage.rejected:
        table(["rejected because", "lines"], list(coverage.rejected.items()))
        table(["line", "because", "string", "where"], [(r.line, r.reason, r.text, r.detail) for r in coverage.rejects])


def _summary(grammar: "Grammar") -> dict[str, object]:
    return {
        "name": grammar.name,
        "language": grammar.language.name,
        "productions": grammar.n_productions,
        "nonterminals": len(grammar.nonterminals),
        "terminals": len(grammar.terminals),
        "start": str(grammar.start),
        "fingerprint": grammar.fingerprint,
    }
