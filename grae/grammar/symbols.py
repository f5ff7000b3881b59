"""The elements of grammars: nonterminals, terminals (plain strings), productions, and motifs that compose them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from grae.errors import GrammarError
from grae.grammar.quoting import needs_escapes, quoted

NAME = re.compile(r"[\w/][\w/^<>-]*")  # names of nonterminals, as in nltk


@dataclass(frozen=True, slots=True)
class Nonterminal:
    """A symbol that productions expand; terminals are plain strings."""

    name: str

    def __str__(self) -> str:
        return self.name


Symbol = Nonterminal | str


@dataclass(frozen=True, slots=True)
class Production:
    """A production `lhs -> rhs`.

    Attributes:
        id: its number in the grammar, from 0, in file order.
        lhs: the nonterminal that it expands.
        rhs: the symbols of the right-hand side; `()` for the empty string.
        line: its line in the grammar's file, from 1; None if it is not from a file.
    """

    id: int
    lhs: Nonterminal
    rhs: tuple[Symbol, ...]
    line: int | None = None

    @property
    def children(self) -> tuple[Nonterminal, ...]:
        """The nonterminals of the right-hand side, left to right."""
        return tuple(symbol for symbol in self.rhs if isinstance(symbol, Nonterminal))

    def __str__(self) -> str:
        return self.spelled()

    def spelled(self, *, escapes: bool = False) -> str:
        """The production as a file spells it; see `written`."""
        return f"{self.lhs} -> {' '.join(written(symbol, escapes=escapes) for symbol in self.rhs)}".rstrip()


@dataclass(frozen=True, slots=True)
class Motif:
    """A composition of two productions: the parent's right-hand side with the child's in place of one nonterminal.

    Attributes:
        parent: id of the parent production; a motif's parts have lower ids than the motif.
        slot: which of the parent's nonterminals the child expands: from 0, left to right.
        child: id of the child production.
        uses: number of occurrences in the derivations that it was learned from, once all motifs are applied; None if
            unknown. It is ignored in comparisons.
    """

    parent: int
    slot: int
    child: int
    uses: int | None = field(default=None, compare=False)

    def compose(self, productions: Sequence[Production]) -> tuple[Nonterminal, tuple[Symbol, ...]]:
        """The left-hand side and right-hand side of the motif, from the preceding productions.

        Raises:
            GrammarError: there is no such parent, slot or child, or the child expands another nonterminal.
        """
        for part in (self.parent, self.child):
            if not 0 <= part < len(productions):
                raise GrammarError(f"motif {self}: its parts are productions 0 to {len(productions) - 1}")
        parent, child = productions[self.parent], productions[self.child]
        places = [place for place, symbol in enumerate(parent.rhs) if isinstance(symbol, Nonterminal)]
        if not 0 <= self.slot < len(places):
            raise GrammarError(f"motif {self}: production {parent.id} '{parent}' has {len(places)} nonterminals")
        place = places[self.slot]
        if parent.rhs[place] != child.lhs:
            raise GrammarError(
                f"motif {self}: production {child.id} '{child}' does not expand {parent.rhs[place]}, "
                f"nonterminal {self.slot} of production {parent.id} '{parent}'"
            )
        return parent.lhs, parent.rhs[:place] + child.rhs + parent.rhs[place + 1 :]

    def __str__(self) -> str:
        return f"{self.parent} {self.slot} {self.child}"


def written(symbol: Symbol, *, escapes: bool = False) -> str:
    """A symbol as spelled in a file, unless it is `unspellable`.

    Args:
        symbol: a nonterminal or terminal.
        escapes: whether the file has the directive `escapes`; terminals that need escapes get them in any case.
    """
    if isinstance(symbol, Nonterminal):
        return symbol.name
    return quoted(symbol, escapes=escapes or needs_escapes(symbol))


def unspellable(symbol: Symbol) -> tuple[str, str] | None:
    """Why a file cannot spell a symbol, and the remedy; None if it can."""
    if isinstance(symbol, Nonterminal):
        if NAME.fullmatch(symbol.name):
            return None
        return (
            f"a nonterminal cannot be called {symbol.name!r}",
            "name it with letters, digits, _ and /, and further on also with ^, <, > and -",
        )
    if not symbol:
        return "empty terminal", "for a production that produces nothing, leave its right-hand side empty"
    if not re.search(r"[\ud800-\udfff]", symbol):
        return None
    return (f"no grammar file can spell the terminal {symbol!r}", "a terminal cannot hold surrogates; omit them")
