"""ANTLR 4: combined or lexer grammars, without actions.

A grammar derives characters, so a token ends where the derivation needs it to; ANTLR's lexer takes the longest token at
each position. Tokens that are skipped or sent to another channel may follow each token and precede the first.
"""

import re

from grae.grammar.formats.characters import Characters
from grae.grammar.formats.ebnf import (
    EMPTY,
    NOTHING,
    GrammarTree,
    OneOf,
    Part,
    Reference,
    Rule,
    Text,
    Without,
)
from grae.grammar.formats.reader import NotationReader

_NAME = re.compile(r"[A-Za-z_]\w*")
_HEADER = re.compile(r"(?:(lexer|parser)\s+)?grammar\s+\w+\s*;")
_OPTIONS = re.compile(r"options\s*\{([^}]*)\}")
_CASE = re.compile(r"caseInsensitive\s*=\s*(true|false)")
_LISTS = re.compile(r"(?:tokens|channels)\s*\{[^}]*\}")
_HEAD = re.compile(r"(?:fragment\s+)?[A-Za-z_]\w*\s*:")
_LABEL = re.compile(r"[A-Za-z_]\w*\s*\+?=\s*(?!=)")
_ALTERNATIVE = re.compile(r"#\s*\w+")
_ELEMENT = re.compile(r"<[^>\n]*>")
_COMMAND = re.compile(r"->\s*(\w+)\s*(?:\(\s*(\w+)\s*\))?")
_WORDS = ("import", "mode")
_NO_ACTIONS = "actions cannot be converted", "take them out: the grammar alone says which strings there are"
_SKIPPING = ("skip", "channel")


class AntlrReader(NotationReader):
    """Reads an ANTLR 4 grammar."""

    blank = re.compile(r"(?:\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
    set_escapes = "\\]-'\"[^"

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, name)
        self.ignores_case = False
        self.in_token = False
        self.commands: list[bool] = []  # whether each alternative of the current token is skipped

    def grammar(self) -> GrammarTree:
        """The rules of the file."""
        self.skip()
        if self.matches(_HEADER) is None:
            self.fail(f"expected a grammar's head and not {self.here}", "begin the file with grammar NAME;")
        rules: list[Rule] = []
        fragments: set[str] = set()
        skipped: list[Part] = []
        self.skip()
        while not self.at_end:
            if self._prequel():
                continue
            begin = self.place
            is_fragment = re.compile(r"fragment\b").match(self.text, self.place) is not None
            self.place += len("fragment") * is_fragment
            self.skip()
            rule = self._rule(begin)
            rules.append(rule)
            if is_fragment:
                fragments.add(rule.name)
            if rule.is_token and any(self.commands):
                skipped.append(Reference(rule.name))
        hidden = {part.name for part in skipped if isinstance(part, Reference)}
        parsed = [rule.name for rule in rules if not rule.is_token]
        starts = parsed or [rule.name for rule in rules if rule.name not in fragments | hidden]
        if not starts:
            self.fail("no rule that could start", "write a rule of the parser, with a small first letter", 0)
        return self.tree(rules, starts[0], tuple(skipped))

    def _prequel(self) -> bool:
        """Skips an element that is not a rule, such as options; False if there is none here."""
        begin = self.place
        if (options := self.matches(_OPTIONS)) is not None:
            case = _CASE.search(options[1])
            self.ignores_case = case[1] == "true" if case else self.ignores_case
        elif self.matches(_LISTS) is None:
            if self.sees("@") or self.sees("{"):
                self.fail(*_NO_ACTIONS)
            word = _NAME.match(self.text, self.place)
            if word is not None and word[0] in _WORDS and not re.compile(r"\w+\s*:").match(self.text, self.place):
                remedy = {"import": "copy the imported rules into the file", "mode": "write one mode alone"}[word[0]]
                self.fail(f"{word[0]}: this cannot be converted", remedy, begin)
            return False
        self.skip()
        self.takes(";")
        return True

    def _rule(self, begin: int) -> Rule:
        name = self.matches(_NAME)
        if name is None:
            self.fail(f"expected a rule and not {self.here}", "write rules as name : alternatives ;")
        self.skip()
        if self.matches(_OPTIONS):
            self.skip()
        if self.sees("[") or self.sees("@") or re.compile(r"(returns|locals|throws)\b").match(self.text, self.place):
            self.fail(*_NO_ACTIONS)
        if not self.takes(":"):
            self.fail(f"expected : and not {self.here}", f"write {name[0]} : alternatives ;")
        self.in_token, self.commands = name[0][0].isupper(), []
        body = self.alternatives()
        if not self.takes(";"):
            self.fail(f"expected ; and not {self.here}", f"end the rule {name[0]} with a semicolon")
        if any(self.commands) and not all(self.commands):
            self.fail("only some alternatives are skipped", "give them a rule of their own", begin)
        return Rule(name[0], body, begin, self.in_token)

    def items(self) -> Part:
        """An alternative, with its options, label and command."""
        if self.matches(_ELEMENT):
            self.skip()
        part = super().items()
        if self.depth == 0 and self.in_token:
            self.commands.append(self._command())
        elif self.sees("->"):
            self.fail("a command outside the alternatives of a token", "put it at the end of an alternative")
        if self.depth == 0 and self.matches(_ALTERNATIVE):
            self.skip()
        return part

    def _command(self) -> bool:
        """Reads the command here, if there is one; returns whether it skips the token."""
        begin = self.place
        if not self.sees("->"):
            return False
        command = self.matches(_COMMAND)
        if command is None or command[1] not in _SKIPPING:
            self.fail("this command cannot be converted", "only -> skip and -> channel(NAME) can", begin)
        self.skip()
        return True

    def item(self) -> Part | None:
        """An element, repeated or not."""
        if _HEAD.match(self.text, self.place):
            return None  # the preceding rule is not terminated
        if (label := _LABEL.match(self.text, self.place)) is not None:
            self.place = label.end()
        atom = self._atom()
        if atom is None:
            return None
        self.skip()
        if self.matches(_ELEMENT):
            self.skip()
        part = self.repeated(atom)
        if part is not atom and self.sees("?"):
            self.fail(
                "a lazy repetition, which ends as early as it can", "write what may stand before the end, as ~'\"'*"
            )
        return part

    def _atom(self) -> Part | None:
        begin = self.place
        if self.sees("{"):
            self.fail(*_NO_ACTIONS)
        if self.sees("("):
            return self.group("(", ")")
        if self.sees("~") or self.sees("."):
            return self._any_but(begin)
        if self.sees("["):
            if not self.in_token:
                self.fail("arguments of a rule cannot be converted", "sets of characters belong into tokens")
            return self._bracketed(begin)
        if self.sees("'"):
            return self._literal(begin)
        if (name := self.matches(_NAME)) is not None:
            return EMPTY if name[0] == "EOF" else Reference(name[0], begin)
        if any(self.sees(sign) for sign in "*+?"):
            self.fail(f"{self.here} repeats nothing", "write it behind an element or a group")
        return None

    def _any_but(self, begin: int) -> Part:
        """Any character, or any except some."""
        negates = self.sees("~")
        self.place += 1
        self.skip()
        if not self.in_token:
            self.fail("any token, or any but some, cannot be converted", "list the tokens that may stand here", begin)
        excluded = self._atom() if negates else NOTHING
        if excluded is None:
            self.fail("nothing behind ~", "write the characters that are excluded")
        return Without(None, excluded, begin)

    def _literal(self, begin: int) -> Part:
        first = self.quoted("\\'\"")
        self.skip()
        if not self.takes(".."):
            return Text(first, self.ignores_case)
        last = self.quoted("\\'\"") if self.sees("'") else ""
        if len(first) != 1 or len(last) != 1 or last < first:
            self.fail("a range needs two characters, the smaller one first", "write it as 'a'..'z'", begin)
        return self._one(Characters.between([(ord(first), ord(last))]), begin)

    def _bracketed(self, begin: int) -> Part:
        characters, negated = self.character_set()
        if negated:  # here ^ is a character like any other
            characters |= Characters.of("^")
        return self._one(characters, begin)

    def _one(self, characters: Characters, begin: int) -> Part:
        return OneOf(characters.in_both_cases() if self.ignores_case else characters, begin)

    def set_character(self, begin: int) -> int:
        """The code point of the next character of a set; properties of Unicode are errors."""
        if self.text.startswith(("\\p", "\\P"), self.place):
            self.fail("a property of Unicode", "list the characters or their ranges")
        return super().set_character(begin)


read = AntlrReader.read
