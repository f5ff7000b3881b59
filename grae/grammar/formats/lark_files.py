"""Lark's grammars, read by the lark package (extra `lark`).

A grammar derives characters, so a terminal ends where the derivation needs it to, as in Lark's Earley parser with
`lexer="dynamic_complete"`. Terminals named by `%ignore` may follow each terminal and precede the first.
"""

import re
from typing import Any, Never

from grae.errors import MissingExtraError
from grae.grammar.formats.characters import Characters
from grae.grammar.formats.ebnf import (
    GrammarTree,
    OneOf,
    Part,
    Reference,
    Repeat,
    Rule,
    Text,
    Without,
    choice,
    sequence,
    walk,
)
from grae.grammar.formats.reader import REPEATS
from grae.grammar.formats.regex import RegexReader
from grae.grammar.formats.scanner import DEEPEST, Scanner, problem

START = "start"
MOST_INSTANCES = 1_000  # maximum number of template instances
_PLACE = re.compile(r"line (\d+),? column (\d+)")
_NAME = re.compile(r"'?\b([A-Za-z_]\w*)'?")
_TOKENS = re.compile(r'"(?:\\.|[^"\\\n])*"|/(?!/)(?:\\.|[^/\\\n])+/|//[^\n]*|[()\[\]]')
_SIGNS = {"_RPAR": ")", "_RBRA": "]", "_RBRACE": "}", "_COLON": ":", "_DOTDOT": "..", "NUMBER": "a number", "_TO": "->"}
_REMEDY = "correct it as Lark's documentation of grammars says"

COMMON = {"ESCAPED_STRING": r'"(?:[^"\\\n]|\\.)*"', "C_COMMENT": r"/\*(?:[^*]|\*+[^*/])*\*+/"}
"""Terminals of Lark's `common` that use look-around or lazy repetition, rewritten without."""


def read(text: str, name: str) -> GrammarTree:
    """Reads a Lark file; imports are resolved in Lark's own grammars only.

    Args:
        text: text of the file.
        name: its name in messages.

    Raises:
        GrammarError: with the line and the column of what cannot be read.
        MissingExtraError: lark is not installed.
    """
    try:
        import lark  # noqa: F401
        from lark.exceptions import LarkError
        from lark.load_grammar import load_grammar
    except ImportError:
        raise MissingExtraError("lark", "lark") from None
    _check_depth(text, name)
    try:
        grammar, _ = load_grammar(text, name, [], False)
        common, _ = load_grammar("".join(f"%import common.{one}\n" for one in COMMON), "common", [], False)
    except LarkError as error:
        _fail(error, text, name)
    except OSError as error:
        at = max(0, text.find("%import"))
        remedy = "copy the imported rules into the file"
        raise problem(text, at, name, f"cannot import {error.filename}", remedy) from None
    return _Translation(text, name, grammar, common).tree()


def _check_depth(text: str, name: str) -> None:
    """Raises a GrammarError where groups are nested too deeply for lark, which reads them recursively."""
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += (token[0] in "([") - (token[0] in ")]")
        if depth > DEEPEST:
            remedy = "give some of them a rule of their own"
            raise problem(text, token.start(), name, f"more than {DEEPEST} groups inside each other", remedy)


def _fail(error: Exception, text: str, name: str) -> Never:
    """Raises a lark error as a GrammarError."""
    message = str(error).partition("\n")[0]
    if token := getattr(error, "token", None):
        wanted = [_SIGNS[one] for one in sorted(getattr(error, "expected", ())) if one in _SIGNS]
        message = (
            f"expected {' or '.join(wanted) or 'another sign'} and not {str(token).strip() or 'the end of the line'}"
        )
    line, column = getattr(error, "line", None), getattr(error, "column", None)
    if place := _PLACE.search(message):
        line, column = int(place[1]), int(place[2])
        message = re.sub(r",? (?:at|in) line.*", "", message)
    message = message.partition(" at line")[0]
    if line is not None and column is not None and line > 0:
        starts = [0, *(end.end() for end in re.finditer("\n", text))]
        at = min(len(text), starts[min(line, len(starts)) - 1] + column - 1)
    else:
        names = [one[1] for one in _NAME.finditer(message) if re.search(rf"\b{one[1]}\b", text)]
        quoted = [one for one in names if f"'{one}'" in message or one.isupper()] or names
        places = [one.start() for one in re.finditer(rf"\b{quoted[0]}\b", text)] if quoted else [0]
        heads = [one.start(1) for one in re.finditer(rf"^[?!]*({quoted[0]})\b", text, re.MULTILINE)] if quoted else []
        at = heads[-1] if heads and "more than once" in message else places[0]
    raise problem(text, at, name, message, _REMEDY) from None


class _Translation:
    """Translates a Lark grammar to rules.

    Args:
        text: text of the file.
        name: its name in messages.
        grammar: as read by the lark package, with imported terminals.
        common: the terminals of Lark's own grammars that are named in `COMMON`.
    """

    def __init__(self, text: str, name: str, grammar: Any, common: Any) -> None:
        self._text, self._label = text, name
        self._terminals = {terminal: tree for terminal, (tree, _) in grammar.term_defs}
        self._by_tree = {id(tree): terminal for terminal, tree in self._terminals.items()}
        self._definitions = {rule: (parameters, tree) for rule, parameters, tree, _ in grammar.rule_defs}
        self._ignored = list(grammar.ignore)
        self._common: list[tuple[Any, Part]] = [
            (tree, RegexReader(COMMON[terminal], terminal).part())
            for terminal, (tree, _) in common.term_defs
            if terminal in COMMON
        ]
        self._instances: dict[tuple[str, tuple[Part, ...]], str] = {}
        self._rules: list[Rule] = []
        self._owner, self._parameters = "", dict[str, Part]()
        self._in_token = False

    def tree(self) -> GrammarTree:
        """The rules that the start rule needs, in file order, then the terminals."""
        if START not in self._definitions:
            at = re.search(r"^\s*[?!]*(\w+)", self._text, re.MULTILINE)
            raise problem(
                self._text,
                at.start(1) if at else 0,
                self._label,
                f"no rule {START}",
                f"call the rule that starts {START}",
            )
        for rule, (parameters, tree) in self._definitions.items():
            if not parameters:
                self._add(rule, tree, {})
        for terminal, tree in self._terminals.items():
            self._owner, self._parameters, self._in_token = terminal, {}, True
            if tree is None:
                declared = re.search(rf"^\s*%declare\b.*?\b({terminal})\b", self._text, re.MULTILINE)
                at = declared.start(1) if declared else 0
                message = f"the terminal {terminal} is only declared"
                raise problem(self._text, at, self._label, message, "write what it stands for")
            self._rules.append(Rule(terminal, self._terminal(tree), self._offset(terminal), True))
        skipped = [self._skipped(one) for one in self._ignored]
        return GrammarTree(tuple(self._needed(skipped)), START, tuple(skipped))

    def _terminal(self, tree: Any) -> Part:
        written = next((part for known, part in self._common if known == tree), None)
        return self._part(tree) if written is None else written

    def _skipped(self, terminal: str) -> Part:
        """The terminals of `%ignore`, named or anonymous."""
        if not terminal.startswith("__IGNORE"):
            return Reference(terminal)
        return next(rule.body for rule in self._rules if rule.name == terminal)

    def _needed(self, skipped: list[Part]) -> list[Rule]:
        """The rules reachable from the start rule; Lark disregards the others, too."""
        rules = {rule.name: rule for rule in self._rules}
        reached = {START}
        waiting = [rules[START].body, *skipped]
        while waiting:
            for part in walk(waiting.pop()):
                if isinstance(part, Reference) and part.name in rules and part.name not in reached:
                    reached.add(part.name)
                    waiting.append(rules[part.name].body)
        return [rule for rule in self._rules if rule.name in reached]

    def _add(self, name: str, tree: Any, parameters: dict[str, Part], written: str | None = None) -> None:
        before = self._owner, self._parameters
        self._owner, self._parameters = written or name, parameters
        place = len(self._rules)
        body = self._part(tree)
        self._rules.insert(place, Rule(self._owner, body, self._offset(name)))
        self._owner, self._parameters = before

    def _part(self, tree: Any) -> Part:
        """A part of a rule or terminal."""
        if id(tree) in self._by_tree and self._by_tree[id(tree)] != self._owner:
            return Reference(self._by_tree[id(tree)])
        match tree.data:
            case "expansions":
                return choice([self._part(one) for one in tree.children])
            case "expansion":
                return sequence([self._part(one) for one in tree.children])
            case "alias":
                return self._part(tree.children[0])
            case "maybe":
                return Repeat(self._part(tree.children[0]), 0, 1)
            case "expr":
                return self._repeated(*tree.children)
            case "value":
                return self._value(tree.children[0])
            case "literal":
                return self._literal(tree.children[0])
            case "range":
                first, last = (self._string(one)[0] for one in tree.children)
                if len(first) != 1 or len(last) != 1 or last < first:
                    self._fail(
                        "a range needs two characters, the smaller one first", 'write it as "a".."z"', tree.children[0]
                    )
                return OneOf(Characters.between([(ord(first), ord(last))]))
            case "template_usage":
                return self._instance(*tree.children)
        raise AssertionError(tree.data)

    def _value(self, child: Any) -> Part:
        if not hasattr(child, "data"):
            return self._parameters.get(child.name, Reference(child.name, self._offset(self._owner) or 0))
        return self._part(child)

    def _repeated(self, atom: Any, sign: Any, *bounds: Any) -> Part:
        part = self._part(atom)
        if str(sign) in REPEATS:
            return Repeat(part, *REPEATS[str(sign)])
        least, most = int(bounds[0]), int(bounds[-1])
        if least < 0 or most < least:
            self._fail(f"at least {least} and at most {most} times", "write the smaller number first", bounds[0])
        return Repeat(part, least, most)

    def _literal(self, token: Any) -> Part:
        if token.type == "STRING":
            text, ignores_case = self._string(token)
            return Text(text, ignores_case)
        pattern, _, flags = str(token).rpartition("/")
        if token.start_pos is not None and self._text.startswith(str(token), token.start_pos):
            text, whole, place = self._text[: token.start_pos + len(pattern)], self._text, token.start_pos + 1
        else:
            text, whole, place = pattern, str(token), 1
        part = RegexReader(text, self._label, place, flags, whole=whole, in_full=False).part()
        if self._in_token or isinstance(part, Text | OneOf | Without):
            return part
        return self._token(part)

    def _token(self, part: Part) -> Part:
        """Makes a regular expression in a rule a terminal of its own, so that nothing is skipped inside it."""
        same = next((rule for rule in self._rules if rule.is_token and rule.body == part), None)
        if same is None:
            taken = {rule.name for rule in self._rules}
            number = next(n for n in range(1, len(taken) + 2) if f"{self._owner.upper()}_{n}" not in taken)
            same = Rule(f"{self._owner.upper()}_{number}", part, self._offset(self._owner), True)
            self._rules.append(same)
        return Reference(same.name)

    def _string(self, token: Any) -> tuple[str, bool]:
        """The text of a literal, and whether it ignores case."""
        scanner = Scanner(str(token), self._label)
        return scanner.quoted("\\\"'/"), str(token).endswith("i")

    def _instance(self, name: Any, *arguments: Any) -> Part:
        """The rule of a template instantiated with arguments."""
        parts = tuple(self._part(one) for one in arguments)
        key = (name.name, parts)
        if key not in self._instances:
            if len(self._instances) == MOST_INSTANCES:
                self._fail(f"more than {MOST_INSTANCES:,} instances of templates", "write rules without templates")
            parameters, tree = self._definitions[name.name]
            self._instances[key] = f"{name.name}/of-{len([one for one in self._instances if one[0] == name.name]) + 1}"
            self._add(name.name, tree, dict(zip(parameters, parts, strict=True)), self._instances[key])
        return Reference(self._instances[key])

    def _offset(self, name: str) -> int | None:
        """The offset of the definition of a name; None if it comes from another file."""
        found = re.search(
            rf"^\s*(?:%override\s+|%extend\s+)?[?!]*({re.escape(name)})\b[^:\n]*:", self._text, re.MULTILINE
        )
        return found.start(1) if found else None

    def _fail(self, message: str, remedy: str, token: Any = None) -> Never:
        at = self._offset(self._owner) or 0
        if token is not None and token.start_pos is not None and self._text.startswith(str(token), token.start_pos):
            at = token.start_pos
        raise problem(self._text, at, self._label, message, remedy)
