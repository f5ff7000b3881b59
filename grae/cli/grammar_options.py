"""The arguments and options of the `grae grammar` commands."""

from typing import Annotated

import typer

from grae.cli.completion import grammars

GrammarArgument = Annotated[
    str,
    typer.Argument(
        metavar="GRAMMAR",
        help="A built-in grammar's name, a file, a run's folder, or re:EXPRESSION.",
        autocompletion=grammars,
    ),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="Notation of the file: nltk, gbnf, lark, abnf, ebnf, g4 or regex; by its ending if left out.",
    ),
]
Alphabet = Annotated[
    str | None,
    typer.Option(
        "--alphabet",
        metavar="ALPHABET",
        help="Characters that large sets such as [^\"] are restricted to: printable, ascii or a set such as '[ -~]'.",
    ),
]
