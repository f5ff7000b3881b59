"""Translates rules with groups, repetitions and character sets to plain productions.

Each of these gets a nonterminal with a descriptive name:

    digit, 0-7, e/E             a character set; one production for each
    item/any, item/some         item*, item+
    item/opt, item/0-3          item?, and the remainder of item{m,n}: up to three
    value/1, value/2            the groups of the rule `value` that have no better name
    skipped                     what may stand between tokens

Equal parts share a nonterminal.
"""

import re
from difflib import get_close_matches
from typing import Never

from grae.grammar.cfg import Grammar
from grae.grammar.checks import MOST_SYMBOLS
from grae.grammar.formats.characters import ANY, Characters
from grae.grammar.formats.ebnf import (
    EMPTY,
    Choice,
    GrammarTree,
    OneOf,
    Part,
    Reference,
    Repeat,
    Rule,
    Sequence,
    Text,
    Without,
    choice,
    walk,
)
from grae.grammar.formats.emptiness import is_nullable, nullable_rules, without_empty
from grae.grammar.formats.scanner import problem
from grae.grammar.language import Language
from grae.grammar.symbols import NAME, Nonterminal, Production, Symbol

MOST_CHARACTERS = 512  # per set
MOST_REPEATS = 10_000
WIDEST_INLINE = 8  # maximum number of alternatives of a group that are inlined in its repetition
SKIPPED = "skipped"
OPTION = "opt"
MANY = ("any", "some")  # suffixes for zero or more, one or more

_Plain = tuple[Nonterminal, tuple[Symbol, ...], int | None]


def plain_grammar(
    tree: GrammarTree,
    text: str,
    name: str,
    label: str,
    *,
    language: Language | None = None,
    alphabet: Characters | None = None,
) -> Grammar:
    """Translates the rules of a file to plain productions.

    Args:
        tree: the rules.
        text: text of the file, for messages.
        name: name of the grammar.
        label: name of the file, for messages.
        language: language of the strings.
        alphabet: restriction of sets of more than `MOST_CHARACTERS` characters.

    Raises:
        GrammarError: an undefined rule, or an unlimited character set; with line and caret.
    """
    productions = _Translation(tree, text, label, alphabet).productions()
    numbered = [Production(number, lhs, rhs, line) for number, (lhs, rhs, line) in enumerate(productions)]
    return Grammar(name, numbered, language=language)


class _Translation:
    """A translation; the productions of a rule are followed by those of the nonterminals that they need."""

    def __init__(self, tree: GrammarTree, text: str, label: str, alphabet: Characters | None) -> None:
        self._tree, self._text, self._label, self._alphabet = tree, text, label, alphabet
        self._rules = {rule.name: rule for rule in tree.rules}
        self._used: set[str] = set()
        self._names = {rule.name: self._unused(_legal(rule.name)) for rule in tree.rules}
        self._shared: dict[Part, Nonterminal] = {}
        self._done: list[_Plain] = []
        self._rule = tree.rules[0]  # the rule being translated
        self._groups = 0  # number of its groups so far
        self._nullable = nullable_rules(tree.rules)

    def productions(self) -> list[_Plain]:
        """All productions: those of the start symbol first, then the rules in file order."""
        start = self._rules[self._tree.start]
        rules = [start, *(rule for rule in self._tree.rules if rule is not start)]
        if self._tree.skipped:
            rules = self._skipping(start, rules)
        for rule in rules:
            if isinstance(rule.body, OneOf | Without):
                self._rule = rule
                self._shared.setdefault(OneOf(self._set(rule.body)), Nonterminal(self._names[rule.name]))
        for rule in rules:
            self._rule, self._groups = rule, 0
            self._define_rule(Nonterminal(self._names[rule.name]), rule.body)
        return self._done

    def _define_rule(self, lhs: Nonterminal, body: Part) -> None:
        """Adds a rule; its body needs no further nonterminal if it is a set or a repetition."""
        match body:
            case OneOf() | Without():
                self._define(lhs, [[Text(one)] for one in self._set(body)])
            case Repeat(_, least, None) if least <= 1 and (inner := self._without_empty(body.part)) != EMPTY:
                least = 0 if is_nullable(body.part, self._nullable) else least
                self._shared.setdefault(Repeat(inner, least, None), lhs)
                self._define(lhs, self._looped(inner, least, lhs))
            case _:
                self._define(lhs, [[option] for option in _options(body)])

    def _skipping(self, start: Rule, rules: list[Rule]) -> list[Rule]:
        """The rules, with skipped parts at the beginning and after each token."""
        gap = Reference(SKIPPED)
        bodies = [self._once(part) for part in self._tree.skipped]
        parts = [*bodies, *(rule.body for rule in rules)]
        used = {one.name for part in parts for one in walk(part) if isinstance(one, Reference)}
        rules = [rule for rule in rules if rule.name in used or Reference(rule.name) not in self._tree.skipped]
        whole = Rule(f"{start.name}/text", Sequence((gap, Reference(start.name))), start.offset)
        self._names |= {whole.name: self._unused(_legal(whole.name)), SKIPPED: self._unused(SKIPPED)}
        tokens = {rule.name for rule in rules if rule.is_token}
        spaced = [
            rule if rule.is_token else Rule(rule.name, _spaced(rule.body, tokens, gap), rule.offset) for rule in rules
        ]
        if start.is_token:
            whole = Rule(whole.name, Sequence((gap, Reference(start.name), gap)), start.offset)
        self._nullable.add(SKIPPED)
        return [
            whole,
            *spaced,
            Rule(SKIPPED, Repeat(choice(bodies), 0, None)),
        ]

    def _once(self, part: Part) -> Part:
        """A skipped token without an outer unlimited repetition, since it is repeated anyway."""
        body = self._rules[part.name].body if isinstance(part, Reference) and part.name in self._rules else part
        if isinstance(body, Repeat) and body.most is None and body.least <= 1:
            return self._without_empty(body.part)
        return without_empty(part, self._nullable)

    def _define(self, lhs: Nonterminal, options: list[list["Part | Nonterminal"]]) -> None:
        """Adds a nonterminal's productions, followed by those that they need."""
        place = len(self._done)
        offset = self._rule.offset
        line = None if offset is None else self._text.count("\n", 0, offset) + 1
        added = [(lhs, tuple(s for part in option for s in self._symbols(part)), line) for option in options]
        self._done[place:place] = dict.fromkeys(added)  # without duplicates
        if len(self._done) >= MOST_SYMBOLS:
            self._fail(f"more than {MOST_SYMBOLS:,} productions", "use fewer bounded repetitions, or smaller ones")

    def _symbols(self, part: "Part | Nonterminal") -> tuple[Symbol, ...]:
        """A part as symbols of a right-hand side."""
        match part:
            case Nonterminal():
                return (part,)
            case Text(text, False):
                return (text,) if text else ()
            case Text(text, True):
                return tuple(s for one in text for s in self._symbols(OneOf(Characters.of(one).in_both_cases())))
            case Reference(name, offset):
                return (Nonterminal(self._name(name, offset)),)
            case Sequence(parts):
                return tuple(symbol for one in parts for symbol in self._symbols(one))
            case OneOf() | Without():
                characters = self._set(part)
                if len(characters) == 1:
                    return (next(iter(characters)),)
                return (self._named(OneOf(characters), characters.name, [[Text(one)] for one in characters]),)
            case Choice():
                options: list[list[Part | Nonterminal]] = [[option] for option in _options(part)]
                return self._symbols(options[0][0]) if len(options) == 1 else (self._named(part, None, options),)
            case Repeat(_, least, most) if max(least, most or 0) > MOST_REPEATS:
                self._fail(f"a repetition of more than {MOST_REPEATS:,}", "give a smaller bound, or none")
            case Repeat(repeated, least, None):
                inner = self._without_empty(repeated)
                if is_nullable(repeated, self._nullable):
                    least = 0
                if least > 1:
                    return self._copies(inner, least) + self._symbols(Repeat(inner, 0, None))
                return (self._loop(inner, least),) if inner != EMPTY else ()
            case Repeat(inner, least, int(most)):
                copies = self._copies(inner, least) if least else ()
                rest = self._up_to(inner, most - least)
                return copies if rest is None else (*copies, rest)
        raise AssertionError(part)

    def _copies(self, part: Part, times: int) -> tuple[Symbol, ...]:
        """A part, repeated."""
        symbols = self._symbols(part)
        if len(symbols) * times > MOST_REPEATS:
            self._fail(f"an alternative of more than {MOST_REPEATS:,} symbols", "give smaller bounds")
        return symbols * times

    def _named(self, key: Part, name: str | None, options: list[list["Part | Nonterminal"]]) -> Nonterminal:
        """The nonterminal of a part, created if it is new.

        Args:
            key: the part.
            name: name of the nonterminal; None for the next number among the rule's groups.
            options: alternatives of the nonterminal.
        """
        if key not in self._shared:
            self._shared[key] = Nonterminal(self._unused(name or self._group_name()))
            self._define(self._shared[key], options)
        return self._shared[key]

    def _loop(self, inner: Part, least: int) -> Nonterminal:
        """The nonterminal of `inner*` or `inner+`."""
        key = Repeat(inner, least, None)
        if key not in self._shared:
            lhs = self._shared[key] = Nonterminal(self._unused(self._repeated_name(inner, MANY[least])))
            self._define(lhs, self._looped(inner, least, lhs))
        return self._shared[key]

    def _looped(self, inner: Part, least: int, lhs: Nonterminal) -> list[list["Part | Nonterminal"]]:
        """The alternatives of the nonterminal of `inner*` or `inner+`."""
        options = _options(inner) if least else [one for option in _options(inner) for one in self._few(option)]
        if len(options) > (1 if least else WIDEST_INLINE):
            options = [inner]  # as a nonterminal of its own
        ends: list[list[Part | Nonterminal]] = [[option] for option in options] if least else [[]]
        return [*ends, *([option, lhs] for option in options)]

    def _few(self, part: Part) -> list[Part]:
        """A small unnamed set of characters as literals; any other part unchanged."""
        if not isinstance(part, OneOf | Without):
            return [part]
        characters = self._set(part)
        few = len(characters) <= WIDEST_INLINE and characters.name is None
        return [Text(one) for one in characters] if few else [part]

    def _up_to(self, inner: Part, most: int) -> Nonterminal | None:
        """The nonterminal of at most `most` repetitions of a part; None if there can be none."""
        below = None
        inner = without_empty(inner, self._nullable)
        for more in range(1, most + 1 if inner != EMPTY else 1):
            behind = [] if below is None else [below]
            options = [[option, *behind] for option in _options(inner)]
            key = Repeat(inner, 0, more)
            name = None if key in self._shared else self._repeated_name(inner, OPTION if more == 1 else f"0-{more}")
            below = self._named(key, name, [*options, []])
        return below

    def _group_name(self) -> str:
        """A name for the next group of the rule."""
        self._groups += 1
        return f"{self._names[self._rule.name]}/{self._groups}"

    def _repeated_name(self, part: Part, times: str) -> str:
        """A name for a repetition."""
        base = self._base(part)
        return self._group_name() if base is None else f"{base}/{times}"

    def _without_empty(self, part: Part) -> Part:
        """The part to repeat without the empty string: `(a?)*` and `(a*)*` are `a*`."""
        part = without_empty(part, self._nullable)
        while isinstance(part, Repeat) and part.least <= 1 and part.most is None:
            part = without_empty(part.part, self._nullable)
        return part

    def _set(self, part: Part) -> Characters:
        """The characters of a set, restricted to the alphabet if there are too many."""
        characters = self._members(part, ())
        offset = part.offset if isinstance(part, OneOf | Without) else None
        if not characters.ranges:
            self._fail("a set of no characters", "give it at least one", offset)
        if len(characters) > MOST_CHARACTERS and self._alphabet is not None:
            characters &= self._alphabet
        if len(characters) > MOST_CHARACTERS:
            self._fail(
                f"a set of {len(characters):,} characters, of which each would be a production; "
                f"there can be {MOST_CHARACTERS}",
                "list the characters, or name an alphabet for such sets, as with --alphabet printable",
                offset,
            )
        return characters

    def _members(self, part: Part, above: tuple[str, ...]) -> Characters:
        """The characters of a part that derives single characters.

        Args:
            part: the part.
            above: the rules that contain it.
        """
        match part:
            case OneOf(characters):
                return characters
            case Text(text, ignores_case) if len(text) == 1:
                return Characters.of(text).in_both_cases() if ignores_case else Characters.of(text)
            case Choice(parts):
                return Characters.between(one for option in parts for one in self._members(option, above).ranges)
            case Without(inner, excluded, _):
                return (ANY if inner is None else self._members(inner, above)) - self._members(excluded, above)
            case Reference(name, offset) if name not in above:
                self._name(name, offset)
                return self._members(self._rules[name].body, (*above, name))
            case _:
                self._fail(
                    "only sets of single characters can be subtracted or negated",
                    "write out what remains as rules of its own",
                    part.offset if isinstance(part, Reference) else None,
                )

    def _base(self, part: Part) -> str | None:
        """The stem of the name of a part's repetition; None for an unnamed group."""
        match part:
            case Reference(name, offset):
                return self._name(name, offset)
            case OneOf() | Without():
                (symbol,) = self._symbols(part)
                return symbol.name if isinstance(symbol, Nonterminal) else _word(symbol)
            case Text(text):
                return _word(text)
            case _:
                return None

    def _name(self, rule: str, offset: int) -> str:
        """The name of a rule's nonterminal."""
        if rule not in self._names:
            near = get_close_matches(rule, self._rules, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"define {rule}, or correct the name"
            self._fail(f"nothing defines {rule}", remedy, offset)
        return self._names[rule]

    def _unused(self, base: str) -> str:
        """A name that no other nonterminal has, similar to `base`."""
        name, number = base, 1
        while name in self._used:
            number += 1
            name = f"{base}-{number}"
        self._used.add(name)
        return name

    def _fail(self, message: str, remedy: str, offset: int | None = None) -> Never:
        raise problem(self._text, self._rule.offset or 0 if offset is None else offset, self._label, message, remedy)


def _options(part: Part) -> list[Part]:
    """The alternatives of a part."""
    return [one for option in part.parts for one in _options(option)] if isinstance(part, Choice) else [part]


def _spaced(part: Part, tokens: set[str], gap: Reference) -> Part:
    """A rule's body with skipped parts after each token and each literal."""
    match part:
        case Reference(name) if name not in tokens:
            return part
        case Sequence(parts):
            return Sequence(tuple(_spaced(one, tokens, gap) for one in parts))
        case Choice(parts):
            return Choice(tuple(_spaced(one, tokens, gap) for one in parts))
        case Repeat(inner, least, most):
            return Repeat(_spaced(inner, tokens, gap), least, most)
        case Text(""):
            return part
        case _:
            return Sequence((part, gap))


def _word(text: str) -> str | None:
    return text if re.fullmatch(r"\w{1,12}", text) else None


def _legal(name: str) -> str:
    """The name of a rule as spelled in nltk's notation."""
    spelled = re.sub(r"[^\w/^<>-]", "_", name)
    return spelled if NAME.fullmatch(spelled) else f"_{spelled}"
