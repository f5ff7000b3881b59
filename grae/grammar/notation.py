"""Grammar files: nltk's notation, with directives of ours in its comments.

A grammar file holds productions such as `S -> S '+' T | T`, whole-line comments after `#`, and `%start NAME` (else the
first left-hand side starts). Three directives hide in comments, so that nltk reads the same files:

    #% language molecules     what the strings mean (`molecules`, `expressions`); validity and drawing follow from it
    #% ignore ' '             characters skipped between tokens
    #% motif 3 0 17 uses 9    the next production is a motif: 3 with 17 in its first nonterminal, used 9 times

Motifs come after all other productions.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from grae.errors import GrammarError
from grae.grammar.symbols import NAME, Motif, Nonterminal, Production, Symbol

LANGUAGES = ("molecules", "expressions")
_LINE_END = re.compile(r"\r\n|\r|\n")  # not str.splitlines: terminals may hold the others
_START = re.compile(rf"%start\s+({NAME.pattern})")
_DIRECTIVE = re.compile(r"#%\s*(\w+)\s*(.*)")
_MOTIF = re.compile(r"(\d+)\s+(\d+)\s+(\d+)(?:\s+uses\s+(\d+))?")


class Declarations(NamedTuple):
    """What a grammar file says.

    Attributes:
        productions: in file order, each with its line.
        start: the start symbol, where the file names one.
        language: the directive of that name.
        ignore: the characters of such directives.
        motifs: of the last of the productions.
    """

    productions: list[Production]
    start: Nonterminal | None
    language: str | None
    ignore: str
    motifs: list[Motif]


def read(text: str, name: str) -> Declarations:
    """Reads a grammar file.

    Args:
        text: its text.
        name: what messages call it.

    Raises:
        GrammarError: with the line that cannot be read and why.
    """
    language, ignore, start = None, "", None
    productions: list[Production] = []
    motifs: dict[int, Motif] = {}
    for number, line in _logical_lines(text):
        if directive := _DIRECTIVE.fullmatch(line):
            match directive.groups():
                case ("language", value):
                    language = checked_language(value.strip(), f"{name}, line {number}")
                case ("ignore", value):
                    ignore += _unquoted(value.strip(), name, number)
                case ("motif", value):
                    if len(productions) in motifs:
                        raise motif_error(f"{name}, line {number}: the motif before this one has no production")
                    motifs[len(productions)] = _read_motif(value, name, number)
                case (other, _):
                    raise GrammarError(
                        f"{name}, line {number}: unknown directive {other!r}; known: language, ignore, motif",
                        remedy="correct it, or write an ordinary comment with '# '",
                    )
        elif not line.startswith("#"):
            declared, found = _read_line(line, name, number)
            start = declared or start
            productions += found
    if len(productions) in motifs:
        raise motif_error(f"{name}: the last motif has no production")
    for place in range(min(motifs, default=len(productions)), len(productions)):
        if place not in motifs:
            production = productions[place]
            raise motif_error(f"{name}{at_line(production.line)}: '{production}' comes after motifs and is none")
    return Declarations(productions, start, language, ignore, list(motifs.values()))


def checked_language(language: str, where: str) -> str:
    """The language, if it is one that we know.

    Raises:
        GrammarError: it is not; `where` says where it was named.
    """
    if language not in LANGUAGES:
        raise GrammarError(
            f"{where}: unknown language {language!r}; known: {', '.join(LANGUAGES)}",
            remedy="correct the directive, or leave it out",
        )
    return language


def at_line(line: int | None) -> str:
    """How a message names a line, after the file's name."""
    return "" if line is None else f", line {line}"


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The non-empty lines, stripped, with their numbers from 1; a line that ends in a backslash goes on in the next."""
    started, pending = 0, ""
    for number, line in enumerate(_LINE_END.split(text), start=1):
        started = started if pending else number
        line = pending + line.strip()
        if line.endswith("\\") and not line.startswith("#"):
            pending = line[:-1].rstrip() + " "
            continue
        pending = ""
        if line.strip():
            yield started, line
    if pending.strip():
        yield started, pending.strip()


def _read_line(line: str, name: str, number: int) -> tuple[Nonterminal | None, list[Production]]:
    """Reads `%start NAME`, or a line of productions with nltk's own reader."""
    from nltk.grammar import read_grammar, standard_nonterm_parser

    if line.startswith("%"):
        start = _START.fullmatch(line)
        if start is None:
            raise GrammarError(
                f"{name}, line {number}: cannot read {line!r}", remedy="write %start NAME, or leave it out"
            )
        return Nonterminal(start[1]), []
    try:
        _, read = read_grammar(line, standard_nonterm_parser)
    except ValueError as error:
        reason = str(error).splitlines()[-1]
        raise GrammarError(
            f"{name}, line {number}: {reason} in {line!r}",
            remedy="write productions as NAME -> NAME 'terminal' | ..., one left-hand side a line",
        ) from None
    return None, [
        Production(0, Nonterminal(p.lhs().symbol()), tuple(_symbol(symbol) for symbol in p.rhs()), number) for p in read
    ]


def _read_motif(value: str, name: str, number: int) -> Motif:
    """Reads what follows `#% motif`."""
    match = _MOTIF.fullmatch(value.strip())
    if match is None:
        raise motif_error(f"{name}, line {number}: cannot read motif {value!r}; expected PARENT SLOT CHILD [uses N]")
    parent, slot, child, uses = match.groups()
    return Motif(int(parent), int(slot), int(child), None if uses is None else int(uses))


def motif_error(message: str) -> GrammarError:
    """An error about motifs, with its remedy."""
    return GrammarError(message, remedy="leave the motifs as they were written, or take all of them out")


def _symbol(symbol: object) -> Symbol:
    """A symbol of nltk's as ours."""
    return symbol if isinstance(symbol, str) else Nonterminal(symbol.symbol())  # pyright: ignore


def _unquoted(value: str, name: str, number: int) -> str:
    if len(value) < 3 or value[0] not in "'\"" or value[-1] != value[0]:
        raise GrammarError(
            f"{name}, line {number}: the directive 'ignore' needs a quoted character, not {value!r}",
            remedy="write, for spaces, #% ignore ' '",
        )
    return value[1:-1]
