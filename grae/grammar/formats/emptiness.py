"""Which parts of rules derive the empty string, and equivalents that do not."""

from collections.abc import Iterable, Set

from grae.grammar.formats.ebnf import (
    EMPTY,
    Choice,
    Part,
    Reference,
    Repeat,
    Rule,
    Sequence,
    Text,
    choice,
    sequence,
)


def nullable_rules(rules: Iterable[Rule]) -> set[str]:
    """The names of the rules that derive the empty string."""
    rules = list(rules)
    names: set[str] = set()
    while more := {rule.name for rule in rules if rule.name not in names and is_nullable(rule.body, names)}:
        names |= more
    return names


def is_nullable(part: Part, rules: Set[str]) -> bool:
    """Whether a part derives the empty string.

    Args:
        part: any part.
        rules: names of the rules that derive the empty string.
    """
    match part:
        case Text(text):
            return not text
        case Reference(name):
            return name in rules
        case Sequence(parts):
            return all(is_nullable(one, rules) for one in parts)
        case Choice(parts):
            return any(is_nullable(one, rules) for one in parts)
        case Repeat(inner, least, most):
            return least == 0 or most == 0 or is_nullable(inner, rules)
        case _:
            return False


def without_empty(part: Part, rules: Set[str]) -> Part:
    """A part that derives the same strings except the empty one, so that its repetition derives that in one way only.

    A reference to a rule that derives the empty string is left unchanged.

    Args:
        part: any part.
        rules: as in `is_nullable`.
    """
    if not is_nullable(part, rules):
        return part
    match part:
        case Choice(parts):
            rest = [without_empty(one, rules) for one in parts]
            return choice([one for one in rest if one != EMPTY] or [EMPTY])
        case Repeat(_, _, 0):
            return EMPTY
        case Repeat(inner, least, most):
            return Repeat(without_empty(inner, rules), max(1, least if not is_nullable(inner, rules) else 1), most)
        case Sequence(parts):
            options = []
            for place, one in enumerate(parts):
                first = without_empty(one, rules)
                if first != EMPTY:
                    options.append(sequence([first, *parts[place + 1 :]]))
            return choice(options or [EMPTY])
        case Text():
            return EMPTY
        case _:
            return part
