"""Character sets as ranges of code points, and their names in a grammar."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

MOST = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)  # not characters, so in no set
Range = tuple[int, int]
_NAMES = {"0-9": "digit", "A-Z": "upper", "a-z": "lower", "A-Za-z": "letter", "0-9A-Za-z": "alnum", "0-9A-Fa-f": "hex"}
_LONGEST_NAME = 12


@dataclass(frozen=True)
class Characters:
    """A set of characters.

    Attributes:
        ranges: first and last code point of each range; ascending, disjoint, without surrogates.
    """

    ranges: tuple[Range, ...]

    @classmethod
    def between(cls, ranges: Iterable[Range]) -> "Characters":
        """The characters of several ranges, in any order."""
        merged: list[Range] = []
        for first, last in sorted(_without_surrogates(ranges)):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def of(cls, text: str) -> "Characters":
        """The characters of a text."""
        return cls.between((ord(character), ord(character)) for character in text)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[str]:
        return (chr(code) for first, last in self.ranges for code in range(first, last + 1))

    def __or__(self, other: "Characters") -> "Characters":
        return Characters.between(self.ranges + other.ranges)

    def __invert__(self) -> "Characters":
        gaps, begin = [], 0
        for first, last in self.ranges:
            gaps.append((begin, first - 1))
            begin = last + 1
        return Characters.between([*gaps, (begin, MOST)])

    def __and__(self, other: "Characters") -> "Characters":
        return ~(~self | ~other)

    def __sub__(self, other: "Characters") -> "Characters":
        return self & ~other

    def in_both_cases(self) -> "Characters":
        """The set with the other case of each letter, if that is a single character: no long s, no kelvin sign."""
        if len(self) > 2**16:
            return self
        return self | Characters.of("".join(form for character in self for form in cases(character)))

    @cached_property
    def name(self) -> str | None:
        """A short name for a nonterminal, such as `digit`, `0-7` or `e/E`; None if there is none."""
        spelled = "".join(_spelled(first, last) for first, last in self.ranges)
        if spelled in _NAMES:
            return _NAMES[spelled]
        pair = list(self)[:3] if len(self) == 2 else []
        if pair and pair[0].lower() == pair[1] and re.fullmatch(r"\w", pair[1]):
            return f"{pair[1]}/{pair[0]}"
        return spelled if re.fullmatch(rf"\w[\w-]{{0,{_LONGEST_NAME - 1}}}", spelled, re.ASCII) else None


def cases(character: str) -> set[str]:
    """A character in both cases, if these are single characters of each other."""
    forms = {character, character.lower(), character.upper()}
    alike = {form for form in forms if len(form) == 1 and form.lower() == character.lower()}
    return alike if unicodedata.category(character).startswith("L") else {character}


def _spelled(first: int, last: int) -> str:
    if last - first < 2:
        return "".join(map(chr, range(first, last + 1)))
    return f"{chr(first)}-{chr(last)}"


def _without_surrogates(ranges: Iterable[Range]) -> Iterator[Range]:
    for first, last in ranges:
        for low, high in ((first, min(last, SURROGATES[0] - 1)), (max(first, SURROGATES[1] + 1), last)):
            if low <= high:
                yield low, high


ANY = Characters.between([(0, MOST)])
PRINTABLE = Characters.between([(0x20, 0x7E)])
ASCII = Characters.between([(0, 0x7F)])
