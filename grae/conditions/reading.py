"""Parser of conditions, by a grammar (condition.cfg); no part of a condition is ever executed as code."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from grae.conditions.claims import All, Any, Claim, Comparison, Substructure
from grae.conditions.numbers import OWNER, Number, number_of_source, numbers_of, spelled
from grae.errors import ParseError, SettingsError, shortened
from grae.grammar import Grammar
from grae.targets.expression import FUNCTIONS, check, read_expression
from grae.targets.failures import Failures
from grae.targets.formulas import NUMBER, grammar_of

if TYPE_CHECKING:
    from grae.grammar.symbols import Nonterminal

KEYWORDS = ("and", "or", "not", "substructure")
EXAMPLE = "such as 'logP < 3 and QED > 0.7' or \"not substructure('[N+](=O)[O-]')\""
CFG = Path(__file__).with_name("condition.cfg")

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_SOURCE = re.compile(r"[^\s()<>=!,'\"]+\.py:\w+|[A-Za-z_][\w.]*:\w+")
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


@dataclass
class Words:
    """The names in a condition.

    Attributes:
        numbers: the values, by the names as written.
        patterns: quoted substructures, each with its position.
    """

    numbers: dict[str, Number] = field(default_factory=dict)
    patterns: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """A parsed condition.

    Attributes:
        claim: the condition.
        numbers: the values by name, including patterns.
    """

    claim: Claim
    numbers: Mapping[str, Number]


def read_condition(text: str, grammar: Grammar, *, timeout: float | None, failures: Failures) -> Parsed:
    """Parses a condition on the strings of a grammar.

    Args:
        text: the condition, such as "logP < 3 and QED > 0.7".
        grammar: the grammar of the strings.
        timeout: time limit per string of user functions in seconds; None for no limit.
        failures: collects the failures of user functions.

    Raises:
        ParseError: an unknown name, a pattern that RDKit cannot read, or not a condition; the message has the position.
        SettingsError: a comparison contains no name, or a constant is out of range.
    """
    known = numbers_of(grammar)
    words = _words(text, known, grammar, timeout, failures)
    if not words.numbers and not words.patterns:
        raise SettingsError(
            f"{OWNER} {shortened(repr(text))} names no number of a string", remedy=f"name some of {', '.join(known)}"
        )
    frame = grammar_of(
        CFG, text, beside="target.cfg", target=words.numbers or list(known)[:1], pattern=words.patterns or ["''"]
    )
    try:
        ids = frame.parse(re.sub(r"\s", " ", text))
    except ParseError as error:
        raise _unreadable(error, words, known) from None
    try:
        claim = _claim(frame, iter(ids.tolist()), frame.start)
    except RecursionError:
        raise SettingsError(f"{OWNER}: it is nested too deep", remedy="write it flatter") from None
    return Parsed(claim, words.numbers | _patterns(text, words.patterns, grammar))


def _words(
    text: str, known: Mapping[str, Number], grammar: Grammar, timeout: float | None, failures: Failures
) -> Words:
    """The names and patterns of a condition, from left to right.

    Raises:
        ParseError: an unknown or an ambiguous name.
    """
    words = Words()
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    name_of_table = re.compile(rf"(?<![\w.])(?:{names})(?!\w)", re.IGNORECASE)
    position = 0
    while position < len(text):
        for pattern in (_QUOTED, _SOURCE, name_of_table, _WORD):
            match = pattern.match(text, position)
            if match is not None:
                break
        else:
            position += 1
            continue
        word = match.group()
        if pattern is _QUOTED:
            words.patterns.setdefault(word, position)
        elif pattern is _SOURCE:
            words.numbers[word] = number_of_source(word, grammar, timeout, failures)
        elif word not in (*KEYWORDS, *FUNCTIONS):
            words.numbers[word] = _named(word, known, text, position)
        position = match.end()
    return words


def _named(word: str, known: Mapping[str, Number], text: str, position: int) -> Number:
    meant = spelled(word, known)
    if len(meant) == 1:
        return known[meant[0]]
    if meant:
        choices = " or ".join(f"{name} ({known[name].title})" for name in meant)
        raise ParseError(text, position, reason=f"{OWNER}: {word!r} may be {choices}", remedy="write it as there")
    folded = {name.casefold(): name for name in (*KEYWORDS, *known, *FUNCTIONS)}
    near = get_close_matches(word.casefold(), folded, n=3)
    remedy = f"there are {', '.join(known)}; your own is module:function or file.py:function"
    if near:
        remedy = f"did you mean {' or '.join(repr(folded[name]) for name in near)}? {remedy}"
    raise ParseError(text, position, reason=f"{OWNER}: unknown name {shortened(repr(word))}", remedy=remedy)


def _patterns(text: str, patterns: Mapping[str, int], grammar: Grammar) -> dict[str, Number]:
    if not patterns:
        return {}
    if not grammar.language.is_molecular:
        position = next(iter(patterns.values()))
        reason = f"{OWNER}: substructures are of molecules, and {grammar.name!r} is no grammar of those"
        raise ParseError(text, position, reason=reason, remedy="omit substructure(...)")
    from grae.conditions.molecules import matches

    return {
        quoted: Number(quoted, "substructure", matches(quoted[1:-1], text, position))
        for quoted, position in patterns.items()
    }


def _unreadable(error: ParseError, words: Words, known: Mapping[str, Number]) -> ParseError:
    """The error of a condition that cannot be parsed, with what was expected at its position."""
    rest = error.text[error.position :].split()
    found = f"unexpected {shortened(repr(rest[0]))}" if rest else "it ends too early"
    expected = {_kind(terminal, words, known) for terminal in error.expected}
    reason = f"{OWNER} cannot be read: {found}"
    return ParseError(error.text, error.position, expected, reason=reason, remedy=f"write a condition, {EXAMPLE}")


def _kind(terminal: str, words: Words, known: Mapping[str, Number]) -> str:
    if NUMBER.fullmatch(terminal):
        return "a number"
    if terminal in words.numbers or terminal in known:
        return "a name"
    return "a pattern in quotes" if terminal in words.patterns or terminal == "''" else terminal


def _claim(frame: Grammar, ids: Iterator[int], symbol: "Nonterminal") -> Claim:
    """The claim derived by a nonterminal; consumes its productions."""
    if symbol.name == "comparison":
        chain = _comparisons(frame, ids)
        return chain[0] if len(chain) == 1 else All(tuple(chain))
    production = frame.productions[next(ids)]
    words = [word for word in production.rhs if isinstance(word, str)]
    if "substructure" in words:
        return Substructure(str(frame.productions[next(ids)].rhs[0]))
    parts = [_claim(frame, ids, child) for child in production.children]
    if "not" in words:
        return parts[0].opposite()
    for word, kind in (("and", All), ("or", Any)):
        if word in words:
            return kind(tuple(one for part in parts for one in (part.parts if isinstance(part, kind) else (part,))))
    return parts[0]


def _comparisons(frame: Grammar, ids: Iterator[int]) -> list[Comparison]:
    """The comparisons of a chain such as `2 < logP < 3`.

    Raises:
        SettingsError: a comparison contains no name, or a constant is out of range.
    """
    first, _, last = frame.productions[next(ids)].children
    chain = _comparisons(frame, ids) if first.name == "comparison" else []
    left = chain[-1].right if chain else read_expression(frame, ids, first, OWNER)
    relation = str(frame.productions[next(ids)].rhs[0])
    comparison = Comparison(left, relation, read_expression(frame, ids, last, OWNER))
    check(comparison.left, OWNER)
    check(comparison.right, OWNER)
    if not any(comparison.names()):
        raise SettingsError(
            f"{OWNER}: {comparison} names no number of a string", remedy=f"write a condition, {EXAMPLE}"
        )
    return [*chain, comparison]
