"""Common parts of the readers of notations with `|`, groups and repetitions."""

import re
from typing import ClassVar

from grae.grammar.formats.characters import Characters, Range
from grae.grammar.formats.ebnf import GrammarTree, Part, Repeat, Rule, choice, sequence
from grae.grammar.formats.scanner import Scanner

REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_BOUNDS = re.compile(r"\{\s*(?:(\d{1,9})\s*(?:(,)\s*(\d{1,9})?\s*)?|,\s*(\d{1,9})\s*)\}")


class NotationReader(Scanner):
    """Reads rules; a subclass defines the items of a sequence."""

    bar: ClassVar[str] = "|"
    set_escapes: ClassVar[str] = r"\]-^["
    """Signs that stand for themselves after a backslash in a set."""

    @classmethod
    def read(cls, text: str, name: str) -> GrammarTree:
        """Reads a file of the notation.

        Args:
            text: text of the file.
            name: its name in messages.

        Raises:
            GrammarError: with the line and the column of what cannot be read.
        """
        return cls(text, name).grammar()

    def grammar(self) -> GrammarTree:
        """The rules of the file."""
        raise NotImplementedError

    def item(self) -> Part | None:
        """The next item of a sequence, with its repetition; None if there is none."""
        raise NotImplementedError

    def alternatives(self) -> Part:
        """Sequences separated by bars."""
        parts = [self.items()]
        while self.takes(self.bar):
            parts.append(self.items())
        return choice(parts)

    def items(self) -> Part:
        """A sequence of items."""
        parts: list[Part] = []
        while (part := self.item()) is not None:
            parts.append(part)
        return sequence(parts)

    def group(self, opening: str, closing: str) -> Part:
        """The alternatives in a group, whose opening sign is next."""
        begin = self.place
        self.enter()
        self.takes(opening)
        inner = self.alternatives()
        if not self.takes(closing):
            if self.at_end:
                self.fail(f"{opening} without {closing}", f"close it with {closing}", begin)
            self.fail(f"expected {closing} and not {self.here}", f"close the group that {opening} opens first")
        self.leave()
        return inner

    def repeated(self, part: Part) -> Part:
        """A part with the `*`, `+` or `?` that follows it."""
        for sign, (least, most) in REPEATS.items():
            if self.takes(sign):
                return Repeat(part, least, most)
        return part

    def bounded(self, part: Part) -> Part:
        """A part with the `{m}`, `{m,}`, `{m,n}` or `{,n}` that follows it."""
        begin = self.place
        bounds = self.matches(_BOUNDS)
        if bounds is None:
            self.fail("cannot read the bounds of a repetition", "write {3}, {3,} or {3,5}", begin)
        least = int(bounds[1] or 0)
        most = int(bounds[4] or bounds[3]) if bounds[4] or bounds[3] else None if bounds[2] else least
        if most is not None and most < least:
            self.fail(f"at least {least} and at most {most} times", "write the smaller number first", begin)
        self.skip()
        return Repeat(part, least, most)

    def character_set(self) -> tuple[Characters, bool]:
        """The characters in brackets, the first of which is next, and whether the set is negated (`[^...]`)."""
        begin = self.place
        self.place += 1
        negated = self.sees("^")
        self.place += negated
        ranges: list[Range] = []
        while not self.sees("]"):
            at = self.place
            first = last = self.set_character(begin)
            if self.sees("-") and not self.text.startswith("-]", self.place):
                self.place += 1
                last = self.set_character(begin)
            if last < first:
                self.fail("a range that ends before it begins", "write the smaller character first", at)
            ranges.append((first, last))
        self.place += 1
        if not ranges and not negated:
            self.fail("a set of no characters", "write at least one between the brackets", begin)
        return Characters.between(ranges), negated

    def set_character(self, begin: int) -> int:
        """The code point of the next character of a set that began at an offset."""
        sign = self.text[self.place : self.place + 1]
        if sign in ("", "\n"):
            self.fail("[ without ]", "close the set with ]; a bracket in it is \\]", begin)
        self.place += 1
        return ord(self.escape(self.set_escapes) if sign == "\\" else sign)

    def tree(self, rules: list[Rule], start: str | None = None, skipped: tuple[Part, ...] = ()) -> GrammarTree:
        """The rules as a grammar; by default the first is the start rule.

        Raises:
            GrammarError: there is no rule, or two have the same name.
        """
        if not rules:
            self.fail("no rule", "write at least one", 0)
        names: set[str] = set()
        for rule in rules:
            if rule.name in names:
                self.fail(f"a second rule {rule.name}", "join the two with a bar", rule.offset)
            names.add(rule.name)
        return GrammarTree(tuple(rules), rules[0].name if start is None else start, skipped)
