"""`grae grammar fit | sample`: weights of productions from data, and random strings of a grammar without a model."""

from typing import Annotated, Literal

import typer

from grae.bounds import MOST_STEPS, MOST_STRINGS
from grae.cli.grammar_options import Alphabet, FormatName, GrammarArgument
from grae.cli.options import AsJson, Column, Delimiter, Seed
from grae.cli.output import emit, note, write_lines, write_strings

UNIFORM_LENGTH, WEIGHTED_LENGTH = 50, 1_000


def fit(
    grammar: GrammarArgument,
    data: Annotated[
        str, typer.Option("--data", "-d", metavar="DATA", help="A data set's name or a file (- for stdin).")
    ],
    column: Column = None,
    delimiter: Delimiter = None,
    smoothing: Annotated[
        float, typer.Option("--smoothing", min=0.0, help="Added to each production's uses; 0 for relative frequencies.")
    ] = 0.0,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Output file; - for stdout.")] = "-",
    format: FormatName = None,
    alphabet: Alphabet = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the weights of a grammar's productions from strings, and write the grammar with them."""
    from grae.datasets import open_source
    from grae.grammar import codec, load_grammar
    from grae.grammar.weights import fit_weights

    read = load_grammar(grammar, format=format, alphabet=alphabet)
    plain = read.plain
    texts = open_source(data, column=column, delimiter=delimiter, grammar=plain).texts()
    encoded = codec.encode(plain, texts, on_invalid="skip")
    fitted = fit_weights(plain, encoded.derivations, smoothing)
    n, outside = len(encoded.rows), len(encoded.rejections)
    unused = int((fitted.uses == 0).sum())
    if as_json:
        return emit(
            {
                "strings": n,
                "rejected": outside,
                "bits": fitted.bits,
                "uses": fitted.uses,
                "weights": fitted.grammar.weights,
            }
        )
    write_lines(out, fitted.grammar.text.removesuffix("\n").split("\n"))
    note(f"{n:,} strings, {outside:,} not in the language; {unused:,} of {plain.n_productions:,} productions unused")
    note(f"a derivation takes {fitted.bits:.2f} bits on average")


def sample(
    grammar: GrammarArgument,
    n: Annotated[int, typer.Option("-n", "--number", min=1, max=MOST_STRINGS, help="Number of strings.")] = 100,
    by: Annotated[
        Literal["weights", "uniform"] | None,
        typer.Option(
            "--by",
            help="Draw by the grammar's weights, or each derivation as likely as any other. "
            "[default: weights if the grammar has them, else uniform]",
            show_default=False,
        ),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            "--max-length",
            min=1,
            max=MOST_STEPS,
            help=f"Maximum productions per string. [default: {UNIFORM_LENGTH}, by weights {WEIGHTED_LENGTH:,}]",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Output file, one string per line; - for stdout.")
    ] = "-",
    format: FormatName = None,
    alphabet: Alphabet = None,
    as_json: AsJson = False,
) -> None:
    """Sample random strings of a grammar: by its weights, or uniformly by exact counting. Needs no model."""
    from grae.grammar import codec, load_grammar
    from grae.grammar.uniform_drawing import UniformDraws
    from grae.grammar.weighted_drawing import WeightedDraws

    read = load_grammar(grammar, format=format, alphabet=alphabet)
    plain = read.plain
    by = by or ("uniform" if plain.weights is None else "weights")
    if by == "weights":
        draws, total = WeightedDraws(plain, max_length or WEIGHTED_LENGTH), None
    else:
        draws = UniformDraws(plain, max_length or UNIFORM_LENGTH)
        total = draws.total
    texts = codec.decode(plain, draws.draw(n, seed))
    if as_json:
        record = {} if total is None else {"derivations": total}
        return emit({"grammar": plain.name, "by": by, "max_length": draws.max_length, **record, "samples": texts})
    write_strings(out, texts, plain.language)
    if out != "-":
        of = "" if total is None else f" of {_count(total)} derivations of at most {draws.max_length} productions"
        note(f"{n:,} strings in {out}: drawn by weights" if total is None else f"{n:,} strings in {out}: drawn{of}")


def _count(number: int) -> str:
    """A count of any magnitude, in words."""
    return f"{number:,}" if number < 10**9 else f"about 10^{len(str(number)) - 1}"
