r"""Grammar files: nltk's notation (see `rules` for extensions), with grae's directives in its comments.

A grammar file contains productions such as `S -> S '+' T | T`, comments after `#`, and `%start NAME` (by default the
first left-hand side is the start symbol). Directives are comments, so that nltk reads the same files:

    #% language molecules     the language of the strings (see `language`), which defines validity and drawing
    #% ignore ' '             characters that may stand between terminals of an input string and are skipped
    #% escapes                a backslash in a terminal begins an escape: \n \r \t \\ \' \" \xHH \uHHHH \UHHHHHHHH
    #% separator ' '          text between any two terminals, such as a space between the words of a sentence
    #% motif 3 0 17 uses 9    the next production is a motif: 3 with 17 in its first nonterminal, used 9 times

Motifs come after all other productions.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from grae.errors import GrammarError
from grae.grammar.language import STRINGS, Language
from grae.grammar.language_registry import language_named
from grae.grammar.quoting import unescaped
from grae.grammar.rules import RuleLine, continues, without_epsilons
from grae.grammar.symbols import NAME, Motif, Nonterminal, Production, Symbol

_LINE_END = re.compile(r"\r\n|\r|\n")  # not str.splitlines: terminals may contain its other separators
_START = re.compile(rf"%start\s+(?:({NAME.pattern})|<\s*({NAME.pattern})\s*>)\s*(?:#.*)?")
_CONTINUED = re.compile(r"""(?:[^'"#]|'[^']*'|"[^"]*")*\\""")  # the backslash is in no string and in no comment
_CONTINUED_ESCAPED = re.compile(r"""(?:[^'"#]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*\\""")
_ESCAPES = re.compile(r"^[ \t]*#%[ \t]*escapes[ \t]*\r?$", re.MULTILINE)
_DIRECTIVE = re.compile(r"#%\s*(\w+)\s*(.*)")
_MOTIF = re.compile(r"(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(?:\s+uses\s+(\d{1,15}))?", re.ASCII)


class Declarations(NamedTuple):
    """The contents of a grammar file.

    Attributes:
        productions: in file order, each with its line.
        weights: one per production, if the file gives it.
        start: the start symbol, if the file names one.
        language: value of the directive `language`.
        ignore: characters of the directives `ignore`.
        separator: value of the directive `separator`; "" without one.
        motifs: motifs of the last productions.
    """

    productions: list[Production]
    weights: list[float | None]
    start: Nonterminal | None
    language: Language
    ignore: str
    separator: str
    motifs: list[Motif]


def read(text: str, name: str) -> Declarations:
    """Reads a grammar file.

    Args:
        text: its text.
        name: its name in messages.

    Raises:
        GrammarError: with the line that cannot be read, and why.
    """
    language, ignore, separator, start = STRINGS, "", "", None
    rules: list[tuple[Nonterminal, tuple[Symbol, ...], int]] = []
    weights: list[float | None] = []
    motifs: dict[int, Motif] = {}
    open_ended = False  # whether only comments follow the last production
    escapes = _ESCAPES.search(text) is not None
    for number, line in _logical_lines(text, _CONTINUED_ESCAPED if escapes else _CONTINUED):
        where = f"{name}, line {number}"
        if directive := _DIRECTIVE.fullmatch(line):
            match directive.groups():
                case ("language", value):
                    language = language_named(value.strip(), where)
                case ("escapes", ""):
                    pass  # read before the others
                case ("ignore", value):
                    ignore += _unquoted("ignore", value.strip(), where, escapes)
                case ("separator", value):
                    separator = _unquoted("separator", value.strip(), where, escapes)
                case ("motif", value):
                    if len(rules) in motifs:
                        raise motif_error(f"{where}: the motif before this one has no production")
                    motifs[len(rules)] = _read_motif(value, where)
                case (other, _):
                    raise GrammarError(
                        f"{where}: unknown directive {other!r}; known: language, escapes, ignore, separator, motif",
                        remedy="correct it, or write an ordinary comment with '# '",
                    )
        elif line.startswith("%"):
            start = _read_start(line, where)
        elif not line.startswith("#"):
            before = rules[-1][0] if rules else None
            if before is not None and open_ended and not rules[-1][1] and continues(line):
                weights.pop()
                rules.pop()  # the bar or arrow that ended the last line is continued: no empty alternative
                line = f"| {line}"
            for lhs, rhs, weight in RuleLine(line, where, escapes=escapes).rules(before):
                rules.append((lhs, rhs, number))
                weights.append(weight)
            open_ended = True
            continue
        open_ended = open_ended and line.startswith("#") and directive is None
    if len(rules) in motifs:
        raise motif_error(f"{name}: the last motif has no production")
    productions = [Production(0, *rule) for rule in without_epsilons(rules)]
    for place in range(min(motifs, default=len(productions)), len(productions)):
        if place not in motifs:
            production = productions[place]
            raise motif_error(f"{name}{at_line(production.line)}: '{production}' comes after motifs and is none")
    return Declarations(productions, weights, start, language, ignore, separator, list(motifs.values()))


def at_line(line: int | None) -> str:
    """How messages refer to a line, after the file's name."""
    return "" if line is None else f", line {line}"


def _logical_lines(text: str, continued: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The non-empty lines, stripped, with their numbers from 1; a backslash at the end continues a line."""
    started, pending = 0, ""
    for number, line in enumerate(_LINE_END.split(text), start=1):
        started = started if pending else number
        line = pending + line.strip()
        if line.endswith("\\") and continued.fullmatch(line):
            pending = line[:-1].rstrip() + " "
            continue
        pending = ""
        if line.strip():
            yield started, line
    if pending.strip():
        yield started, pending.strip()


def _read_start(line: str, where: str) -> Nonterminal:
    """Reads `%start NAME`."""
    start = _START.fullmatch(line)
    if start is None:
        raise GrammarError(f"{where}: cannot read {line!r}", remedy="write %start NAME, or omit it")
    return Nonterminal(start[1] or start[2])


def _read_motif(value: str, where: str) -> Motif:
    """Reads the value of `#% motif`."""
    match = _MOTIF.fullmatch(value.strip())
    if match is None:
        raise motif_error(f"{where}: cannot read motif {value!r}; expected PARENT SLOT CHILD [uses N]")
    parent, slot, child, uses = match.groups()
    return Motif(int(parent), int(slot), int(child), None if uses is None else int(uses))


def motif_error(message: str) -> GrammarError:
    """An error about motifs, with its remedy."""
    return GrammarError(message, remedy="leave the motifs as they were written, or take all of them out")


def _unquoted(directive: str, value: str, where: str, escapes: bool) -> str:
    if len(value) < 3 or value[0] not in "'\"" or value[-1] != value[0]:
        raise GrammarError(
            f"{where}: the directive {directive!r} needs a quoted character, not {value!r}",
            remedy=f"write, for spaces, #% {directive} ' '",
        )
    text, broken = unescaped(value[1:-1]) if escapes else (value[1:-1], None)
    if broken is not None:
        raise GrammarError(f"{where}: unknown escape in {value}", remedy="write a backslash as \\\\")
    return text
