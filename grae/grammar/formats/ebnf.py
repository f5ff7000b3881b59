"""What all notations are read into: rules of sequences, choices, repetitions, literals and sets of characters."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from grae.grammar.formats.characters import Characters


@dataclass(frozen=True, slots=True)
class Text:
    """A literal; `()` of no characters is a sequence of nothing."""

    text: str
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character of a set.

    Attributes:
        characters: the set.
        offset: where it stands in the file, for messages; two sets that differ only here are equal.
    """

    characters: Characters
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """What another rule derives.

    Attributes:
        name: of the rule.
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
    """A part several times.

    Attributes:
        part: what is repeated.
        least: times.
        most: times; None without a bound.
    """

    part: "Part"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Without:
    """The characters of one part that are not of another; both derive single characters.

    Attributes:
        part: those that remain.
        excluded: those that do not; None for "all characters" in the place of `part`.
        offset: as in `OneOf`.
    """

    part: "Part | None"
    excluded: "Part"
    offset: int = field(default=0, compare=False)


Part = Text | OneOf | Reference | Sequence | Choice | Repeat | Without
EMPTY = Sequence(())
NOTHING = OneOf(Characters(()))
"""A set without characters; what is not in it is any character."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a grammar.

    Attributes:
        name: as the file spells it.
        body: what it derives.
        offset: where it begins in the file; None where it comes from another.
        is_token: whether nothing may be skipped inside it.
    """

    name: str
    body: Part
    offset: int | None = None
    is_token: bool = False


@dataclass(frozen=True, slots=True)
class GrammarTree:
    """A grammar as its file says it.

    Attributes:
        rules: in file order, of different names.
        start: the name of the rule that derives the language.
        skipped: what may stand before and behind each token and each literal outside tokens.
    """

    rules: tuple[Rule, ...]
    start: str
    skipped: tuple[Part, ...] = ()


def choice(parts: list[Part]) -> Part:
    """A choice, or the part alone."""
    return parts[0] if len(parts) == 1 else Choice(tuple(parts))


def sequence(parts: list[Part]) -> Part:
    """A sequence, or the part alone; sequences inside are written out."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Sequence) else (part,))]
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def joined(part: Part) -> Part:
    """A sequence with adjacent literals as one."""
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
