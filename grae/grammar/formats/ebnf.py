"""The common representation of all notations: rules of sequences, choices, repetitions, literals and character sets."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from grae.grammar.formats.characters import Characters


@dataclass(frozen=True, slots=True)
class Text:
    """A literal; the empty string is `Sequence(())`."""

    text: str
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character of a set.

    Attributes:
        characters: the set.
        offset: its position in the file, for messages; ignored in comparisons.
    """

    characters: Characters
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to another rule.

    Attributes:
        name: name of the rule.
        offset: as in `OneOf`.
    """

    name: str
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A repeated part.

    Attributes:
        part: the part to repeat.
        least: minimum number of repetitions.
        most: maximum number; None for no limit.
    """

    part: "Part"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Without:
    """The characters of one part except those of another; both derive single characters.

    Attributes:
        part: the characters to choose from; None for all.
        excluded: the characters to exclude.
        offset: as in `OneOf`.
    """

    part: "Part | None"
    excluded: "Part"
    offset: int = field(default=0, compare=False)


Part = Text | OneOf | Reference | Sequence | Choice | Repeat | Without
EMPTY = Sequence(())
NOTHING = OneOf(Characters(()))
"""The empty set; its complement contains all characters."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a grammar.

    Attributes:
        name: as spelled in the file.
        body: what it derives.
        offset: where it begins in the file; None if it comes from another file.
        is_token: whether nothing may be skipped inside it.
    """

    name: str
    body: Part
    offset: int | None = None
    is_token: bool = False


@dataclass(frozen=True, slots=True)
class GrammarTree:
    """The contents of a grammar file.

    Attributes:
        rules: in file order, with distinct names.
        start: name of the start rule.
        skipped: what may stand before and after each token and each literal outside tokens.
    """

    rules: tuple[Rule, ...]
    start: str
    skipped: tuple[Part, ...] = ()


def choice(parts: list[Part]) -> Part:
    """A choice, or its only part."""
    return parts[0] if len(parts) == 1 else Choice(tuple(parts))


def sequence(parts: list[Part]) -> Part:
    """A sequence, or its only part; nested sequences are flattened."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Sequence) else (part,))]
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def joined(part: Part) -> Part:
    """A sequence with adjacent literals merged."""
    parts: list[Part] = []
    for one in part.parts if isinstance(part, Sequence) else (part,):
        before = parts[-1] if parts else None
        if isinstance(one, Text) and isinstance(before, Text) and one.ignores_case == before.ignores_case:
            parts[-1] = Text(before.text + one.text, one.ignores_case)
        else:
            parts.append(one)
    return sequence(parts)


def children(part: Part) -> tuple[Part, ...]:
    """The parts of a part."""
    match part:
        case Sequence(parts) | Choice(parts):
            return parts
        case Repeat(inner, _, _):
            return (inner,)
        case Without(inner, excluded, _):
            return (excluded,) if inner is None else (inner, excluded)
        case _:
            return ()


def walk(part: Part) -> Iterator[Part]:
    """A part and all parts below it."""
    waiting = [part]
    while waiting:
        yield (one := waiting.pop())
        waiting += reversed(children(one))
