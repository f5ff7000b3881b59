r"""GBNF, the grammars of llama.cpp (its grammars/README.md), which XGrammar also reads.

root  ::= "[" item ("," item)* "]"      # `root` is the start rule
item  ::= [a-z]{1,8} | "\\"" [^"]* "\\""
"""

import re

from grae.grammar.formats.ebnf import NOTHING, GrammarTree, OneOf, Part, Reference, Rule, Text, Without
from grae.grammar.formats.reader import NotationReader

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_HEAD = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_-]*)\s*::=")
ROOT = "root"


class GbnfReader(NotationReader):
    """Reads GBNF."""

    blank = re.compile(r"(?:\s+|#[^\n]*)*")
    set_escapes = '\\]-^["'

    def grammar(self) -> GrammarTree:
        """The rules of the file."""
        rules: list[Rule] = []
        self.skip()
        while not self.at_end:
            begin = self.place
            head = self.matches(_HEAD)
            if head is None:
                self.fail(f"expected a rule and not {self.here}", "write rules as name ::= items, with groups closed")
            self.skip()
            rules.append(Rule(head[1], self.alternatives(), begin))
        if rules and all(rule.name != ROOT for rule in rules):
            self.fail(f"no rule {ROOT}", f"call the rule that starts {ROOT}", rules[0].offset)
        return self.tree(rules, ROOT)

    def item(self) -> Part | None:
        """A literal, a set, a name or a group, repeated or not."""
        atom = self._atom()
        if atom is None:
            return None
        self.skip()
        while self.sees("{") or any(self.sees(sign) for sign in "*+?"):
            atom = self.bounded(atom) if self.sees("{") else self.repeated(atom)
        return atom

    def _atom(self) -> Part | None:
        begin = self.place
        if self.sees('"'):
            return Text(self.quoted('\\"[]'))
        if self.sees("["):
            characters, negated = self.character_set()
            return Without(None, OneOf(characters), begin) if negated else OneOf(characters, begin)
        if self.sees("("):
            if self.text.startswith("(=", self.place):
                self.fail("a look-ahead has no counterpart here", "write what follows as part of the rule")
            return self.group("(", ")")
        if self.sees("."):
            self.place += 1
            return Without(None, NOTHING, begin)
        if _HEAD.match(self.text, self.place):
            return None
        if (name := self.matches(_NAME)) is not None:
            return Reference(name[0], begin)
        if any(self.sees(sign) for sign in "*+?{"):
            self.fail(f"{self.here} repeats nothing", "write it behind an item, a set or a group")
        if self.sees("'"):
            self.fail("a literal in single quotes", 'write literals as "text"')
        if self.sees("<"):
            self.fail("tokens of a language model have no counterpart here", "write the text that they stand for")
        return None


read = GbnfReader.read
