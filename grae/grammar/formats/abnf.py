"""ABNF (RFC 5234), with its core rules and the case-sensitive literals of RFC 7405.

date   = year "-" month ; the first rule starts
year   = 4DIGIT
month  = "0" %x31-39 / "1" %x30-32
"""

import re

from grae.grammar.formats.characters import Characters
from grae.grammar.formats.ebnf import (
    Choice,
    GrammarTree,
    OneOf,
    Part,
    Reference,
    Repeat,
    Rule,
    Sequence,
    Text,
    choice,
    walk,
)
from grae.grammar.formats.reader import NotationReader

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:[ \t]|\r?\n[ \t]|;[^\n]*\n[ \t])*(=/?)")
_TIMES = re.compile(r"(\d{0,9})\*(\d{0,9})|(\d{1,9})")
_NUMBER = re.compile(r"%([xdb])([0-9A-Fa-f]+)(?:-([0-9A-Fa-f]+)|((?:\.[0-9A-Fa-f]+)+))?", re.IGNORECASE)
_BASES = {"x": 16, "d": 10, "b": 2}


def _one(*ranges: tuple[int, int]) -> Part:
    return OneOf(Characters.between(ranges))


_LINE_END = Text("\r\n")
_SPACE = _one((0x09, 0x09), (0x20, 0x20))
CORE: dict[str, Part] = {
    "alpha": _one((0x41, 0x5A), (0x61, 0x7A)),
    "bit": _one((0x30, 0x31)),
    "char": _one((0x01, 0x7F)),
    "cr": Text("\r"),
    "crlf": _LINE_END,
    "ctl": _one((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _one((0x30, 0x39)),
    "dquote": Text('"'),
    "hexdig": _one((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),  # "A" to "F" of RFC 5234 are case-insensitive
    "htab": Text("\t"),
    "lf": Text("\n"),
    "lwsp": Repeat(Choice((_SPACE, Sequence((_LINE_END, _SPACE)))), 0, None),
    "octet": _one((0x00, 0xFF)),
    "sp": Text(" "),
    "vchar": _one((0x21, 0x7E)),
    "wsp": _SPACE,
}
"""The core rules (RFC 5234, appendix B.1) by their names in lower case."""


class AbnfReader(NotationReader):
    """Reads ABNF; rule names are case-insensitive."""

    bar = "/"
    blank = re.compile(r"(?:\s+|;[^\n]*)*")

    def grammar(self) -> GrammarTree:
        """The rules of the file, and the core rules that they use."""
        rules: dict[str, Rule] = {}
        self.skip()
        while not self.at_end:
            begin = self.place
            head = self.matches(_HEAD)
            if head is None:
                self.fail(f"expected a rule and not {self.here}", "write rules as name = items, alternatives behind /")
            self.skip()
            self._add(rules, Rule(head[1].lower(), self.alternatives(), begin), adds=head[2] == "=/")
        return self.tree([*rules.values(), *self._core(rules)])

    def _add(self, rules: dict[str, Rule], rule: Rule, *, adds: bool) -> None:
        before = rules.get(rule.name)
        if adds and before is None:
            self.fail(f"nothing before =/ defines {rule.name}", "define the rule with = first", rule.offset)
        if not adds and before is not None:
            self.fail(f"a second rule {rule.name}", "add alternatives with =/", rule.offset)
        body = rule.body if before is None else choice([before.body, rule.body])
        rules[rule.name] = Rule(rule.name, body, rule.offset if before is None else before.offset)

    def _core(self, rules: dict[str, Rule]) -> list[Rule]:
        used = {part.name for rule in rules.values() for part in walk(rule.body) if isinstance(part, Reference)}
        return [Rule(name, body) for name, body in CORE.items() if name in used and name not in rules]

    def item(self) -> Part | None:
        """An element, with its repetition."""
        if _HEAD.match(self.text, self.place):
            return None
        begin = self.place
        times = self.matches(_TIMES)
        if times is None:
            return self._element()
        element = self._element()
        if element is None:
            self.fail("a repetition of nothing", "write what is repeated right behind the numbers", begin)
        if times[3]:
            return Repeat(element, int(times[3]), int(times[3]))
        least, most = int(times[1] or 0), int(times[2]) if times[2] else None
        if most is not None and most < least:
            self.fail(f"at least {least} and at most {most} times", "write the smaller number first", begin)
        return Repeat(element, least, most)

    def _element(self) -> Part | None:
        begin = self.place
        if self.sees("("):
            return self.group("(", ")")
        if self.sees("["):
            return Repeat(self.group("[", "]"), 0, 1)
        if self.sees("<"):
            self.fail("a rule in prose cannot be read", "write it as items, or name a rule")
        part = self._terminal()
        if part is None and (name := self.matches(_NAME)) is not None:
            part = Reference(name[0].lower(), begin)
        self.skip()
        return part

    def _terminal(self) -> Part | None:
        sensitive = re.compile('%([si])(?=")', re.IGNORECASE)
        case = self.matches(sensitive)
        if self.sees('"'):
            return Text(self.quoted("", escapes=False), ignores_case=case is None or case[1] in "iI")
        if not self.sees("%"):
            return None
        begin = self.place
        number = self.matches(_NUMBER)
        if number is None:
            self.fail("cannot read this value", "write %x41, %x41-5A or %x41.42, with d for decimal, b for binary")
        base = _BASES[number[1].lower()]
        try:
            first, last = int(number[2], base), int(number[3] or number[2], base)
            more = [int(one, base) for one in (number[4] or "").split(".")[1:]]
        except ValueError:
            self.fail(f"a digit that base {base} does not have", "correct the value", begin)
        if max(first, last, *more, 0) > 0x10FFFF or last < first:
            self.fail("no characters have these values", "give values up to 10FFFF, the smaller one first", begin)
        if number[3]:
            return OneOf(Characters.between([(first, last)]), begin)
        if any(0xD800 <= code <= 0xDFFF for code in (first, *more)):
            self.fail("a surrogate is not a character", "omit it", begin)
        return Text("".join(map(chr, [first, *more])))


read = AbnfReader.read
