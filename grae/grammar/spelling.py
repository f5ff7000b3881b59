"""A grammar spelled out in single characters, so that the parser, and no tokenizer, decides where terminals end.

The productions keep their numbers, so a derivation of one grammar is a derivation of the other. Ignored characters
between terminals are spelled out too, in productions with higher numbers.
"""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from grae.grammar.symbols import Nonterminal, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


class Spelled(NamedTuple):
    """A grammar of single characters.

    Attributes:
        grammar: its first productions are those of the original grammar; the others derive ignored characters.
        rest: (production, position in its right-hand side) -> the rest of the terminal from that character on.
    """

    grammar: "Grammar"
    rest: dict[tuple[int, int], str]


def spelled(grammar: "Grammar", ignore: str = "") -> Spelled:
    """Spells a grammar out; each terminal is followed by the grammar's separator, including the last one.

    Args:
        grammar: a grammar without motifs.
        ignore: characters that may surround terminals.
    """
    from grae.grammar.cfg import Grammar

    gap, start = _unused(grammar)
    rest: dict[tuple[int, int], str] = {}

    def spell(production: int, rhs: tuple[Symbol, ...]) -> Iterator[Symbol]:
        place = 0
        for symbol in rhs:
            if isinstance(symbol, Nonterminal):
                yield symbol
                place += 1
                continue
            for text in filter(None, (symbol, grammar.separator)):
                if ignore:
                    yield gap
                    place += 1
                for at, character in enumerate(text):
                    rest[production, place] = text[at:]
                    yield character
                    place += 1

    productions = [(p.lhs, tuple(spell(p.id, p.rhs))) for p in grammar.productions]
    if ignore:
        productions += [(start, (grammar.start, gap)), (gap, ())]
        productions += [(gap, (character, gap)) for character in dict.fromkeys(ignore)]
    name = f"{grammar.name}, letter by letter"
    return Spelled(Grammar(name, productions, start if ignore else grammar.start), rest)


def _unused(grammar: "Grammar") -> tuple[Nonterminal, Nonterminal]:
    """Two nonterminals with unused names."""
    used = {nonterminal.name for nonterminal in grammar.nonterminals}
    names = (Nonterminal(name) for name in (f"_{number}" for number in count()) if name not in used)
    return next(names), next(names)
