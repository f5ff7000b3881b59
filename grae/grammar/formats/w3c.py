"""EBNF as in the W3C's recommendations (XML 1.0, section 6).

list ::= '[' item (',' item)* ']'   /* the first rule is the start */
item ::= [a-z]+ | #x23 | Char - [#x0-#x1F]
"""

import re

from grae.grammar.formats.ebnf import GrammarTree, OneOf, Part, Reference, Rule, Text, Without
from grae.grammar.formats.reader import NotationReader

_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_HEAD = re.compile(r"(?:\[\d+[a-z]?\]\s*)?([A-Za-z_][\w.-]*)\s*(::=|=)")
_CODE = re.compile(r"#x([0-9a-fA-F]{1,6})")
_CONSTRAINT = re.compile(r"\[\s*(?:wfc|vc|WFC|VC)\s*:[^\]]*\]")


class W3cReader(NotationReader):
    """Reads W3C's EBNF."""

    blank = re.compile(r"(?:\s+|/\*(?:[^*]|\*(?!/))*\*/)*")

    def grammar(self) -> GrammarTree:
        """The rules of the file."""
        rules: list[Rule] = []
        self.skip()
        while not self.at_end:
            begin = self.place
            head = self.matches(_HEAD)
            if head is None:
                self.fail(f"expected a rule and not {self.here}", "write rules as name ::= items | items")
            if head[2] == "=":
                self.fail(
                    f"{head[1]} =: this is not W3C's notation", "write ::=, and neither commas nor semicolons", begin
                )
            self.skip()
            rules.append(Rule(head[1], self.alternatives(), begin))
        return self.tree(rules)

    def item(self) -> Part | None:
        """An item with its repetition, less what a minus sign excludes."""
        while self.matches(_CONSTRAINT):
            self.skip()
        begin = self.place
        part = self._repeated()
        if part is not None and self.takes("-"):
            excluded = self._repeated()
            if excluded is None:
                self.fail("nothing behind the minus sign", "write the characters that are excluded")
            return Without(part, excluded, begin)
        return part

    def _repeated(self) -> Part | None:
        atom = self._atom()
        if atom is None:
            return None
        self.skip()
        return self.repeated(atom)

    def _atom(self) -> Part | None:
        begin = self.place
        if _HEAD.match(self.text, self.place):
            return None
        if self.sees('"') or self.sees("'"):
            return Text(self.quoted("", escapes=False))
        if self.sees("["):
            characters, negated = self.character_set()
            return Without(None, OneOf(characters), begin) if negated else OneOf(characters, begin)
        if self.sees("("):
            return self.group("(", ")")
        if self.sees("#"):
            return Text(chr(self._code()))
        if (name := self.matches(_NAME)) is not None:
            return Reference(name[0], begin)
        if any(self.sees(sign) for sign in "*+?"):
            self.fail(f"{self.here} repeats nothing", "write it behind an item, a set or a group")
        return None

    def set_character(self, begin: int) -> int:
        """The code point of the next character of a set, or of a `#x` code; a backslash is an ordinary character."""
        if self.sees("#x"):
            return self._code()
        sign = self.text[self.place : self.place + 1]
        if sign in ("", "\n"):
            self.fail("[ without ]", "close the set with ]; a bracket in it is #x5D", begin)
        self.place += 1
        return ord(sign)

    def _code(self) -> int:
        begin = self.place
        code = self.matches(_CODE)
        if code is None or int(code[1], 16) > 0x10FFFF or 0xD800 <= int(code[1], 16) <= 0xDFFF:
            self.fail("no character has this code point", "write #x and up to six hexadecimal digits", begin)
        return int(code[1], 16)


read = W3cReader.read
