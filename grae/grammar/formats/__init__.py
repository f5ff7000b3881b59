"""The notations in which grammars are read, and how the notation of a file is determined."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from grae.errors import GrammarError, SettingsError
from grae.grammar.cfg import Grammar
from grae.grammar.formats.characters import ASCII, PRINTABLE, Characters
from grae.grammar.formats.ebnf import GrammarTree
from grae.grammar.formats.plain import plain_grammar
from grae.grammar.formats.scanner import problem
from grae.grammar.language import Language
from grae.grammar.language_registry import language_named
from grae.lazy_imports import Table

NLTK = "nltk"
REGEX = "re:"  # prefix of a regular expression given instead of a file
ALPHABETS = {"printable": PRINTABLE, "ascii": ASCII}
_DIRECTIVE = re.compile(r"^[ \t]*(?:#|//|;|/\*)%[ \t]*(\w+)[ \t]*(.*?)[ \t]*(?:\*/)?[ \t]*\r?$", re.MULTILINE)

Reader = Callable[[str, str], GrammarTree]

FORMATS: Table[Reader] = Table(
    "grammar format",
    {
        "gbnf": ("grae.grammar.formats.gbnf:read", "GBNF of llama.cpp and XGrammar (.gbnf)"),
        "lark": ("grae.grammar.formats.lark_files:read", "Lark (.lark)"),
        "abnf": ("grae.grammar.formats.abnf:read", "ABNF, RFC 5234 (.abnf)"),
        "ebnf": ("grae.grammar.formats.w3c:read", "EBNF of W3C (.ebnf)"),
        "g4": ("grae.grammar.formats.antlr:read", "ANTLR 4 without actions (.g4)"),
        "regex": ("grae.grammar.formats.regex:read", "a regular expression"),
    },
)
"""Readers by file suffix: (text, name in messages) -> rules. All other files are read in nltk's notation."""


class Directives(NamedTuple):
    """The directives in the comments of a file.

    Attributes:
        language: language of the strings; None for plain strings.
        alphabet: restriction of large character sets; None for none.
    """

    language: Language | None
    alphabet: Characters | None


def formats() -> list[str]:
    """The names of all formats, grae's own notation first."""
    return [NLTK, *FORMATS]


def format_of(path: Path) -> str:
    """The format of a file, by its suffix."""
    ending = path.suffix.removeprefix(".").lower()
    return ending if ending in FORMATS else NLTK


def read_grammar(
    text: str, name: str, notation: str, *, label: str | None = None, alphabet: str | None = None
) -> Grammar:
    """Reads a grammar in a notation other than grae's own.

    Comments may contain the directives `language NAME` and `alphabet NAME` after a percent sign, as in `#% language
    expressions` or `//% alphabet printable`.

    Args:
        text: text of the file, or a regular expression.
        name: name of the grammar.
        notation: a key of `FORMATS`.
        label: name of the file in messages; by default `name`.
        alphabet: "printable", "ascii", or characters in brackets, such as "[ -~äöü]", to which very large character
            sets such as `[^"]` are restricted; by default such sets are errors.

    Raises:
        GrammarError: something cannot be read or expressed in plain productions; with line, column and caret.
        SettingsError: there is no such format or alphabet.
        MissingExtraError: the format's package is not installed.
    """
    label = name if label is None else label
    read = FORMATS.named(notation)
    directives = _directives(text, label) if notation != "regex" else Directives(None, None)
    members = directives.alphabet if alphabet is None else alphabet_named(alphabet)
    return plain_grammar(read(text, label), text, name, label, language=directives.language, alphabet=members)


def alphabet_named(name: str) -> Characters:
    """The characters of an alphabet.

    Args:
        name: "printable", "ascii", or characters in brackets.

    Raises:
        SettingsError: it is neither.
    """
    if name in ALPHABETS:
        return ALPHABETS[name]
    if not re.fullmatch(r"\[.+\]", name, re.DOTALL):
        raise SettingsError(
            f"unknown alphabet {name!r}; there are: {', '.join(ALPHABETS)}",
            remedy="give one of these names, or characters between brackets, such as '[ -~]'",
        )
    from grae.grammar.formats.ebnf import OneOf
    from grae.grammar.formats.regex import RegexReader

    try:
        part = RegexReader(name, "alphabet").part()
    except GrammarError as error:
        raise SettingsError(error.message, remedy=error.remedy) from None
    if not isinstance(part, OneOf):
        raise SettingsError(
            f"the alphabet {name!r} is not a set of characters", remedy="list its characters between brackets"
        )
    return part.characters


def _directives(text: str, label: str) -> Directives:
    language, alphabet = None, None
    for directive in _DIRECTIVE.finditer(text):
        match directive[1]:
            case "language":
                language = language_named(directive[2], label)
            case "alphabet":
                try:
                    alphabet = alphabet_named(directive[2])
                except SettingsError as error:
                    raise problem(text, directive.start(2), label, error.message, error.remedy or "") from None
            case other:
                raise problem(
                    text,
                    directive.start(1),
                    label,
                    f"unknown directive {other!r}; known: language, alphabet",
                    "correct it, or omit the percent sign",
                )
    return Directives(language, alphabet)
