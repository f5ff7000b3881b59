"""What a grammar's symbols can derive, and which of its productions can never be used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grae.grammar.symbols import Nonterminal, Production, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a grammar's author should know.

    Attributes:
        kind: "undefined" (a nonterminal without productions), "unproductive" (no string can be derived through it),
            "unreachable" (nothing leads there from the start symbol), "empty cycle" (a nonterminal derives itself and
            nothing more, so that strings have endless derivations), "duplicate" (the same production again),
            or "padding" (`Nothing -> None`, which fills up batches and derives nothing).
        message: the finding in a sentence.
        production: the production it is about.
    """

    kind: str
    message: str
    production: Production

    def __str__(self) -> str:
        line = "" if self.production.line is None else f"line {self.production.line}, "
        return f"{self.kind}: {line}production {self.production.id} '{self.production}': {self.message}"


class Analysis:
    """The fixed points over a grammar's productions.

    Attributes:
        shortest: nonterminal -> productions in its shortest completion; absent where it derives no string.
        productive: nonterminal -> whether it derives a string.
        reachable: nonterminals that usable derivations from the start symbol meet.
        empty: nonterminal -> the production that starts its empty derivation of least height (the lowest id among
            several); absent where it does not derive the empty string.
        cyclic: ids of productions through which a nonterminal derives itself and nothing more.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        self.shortest = self._shortest()
        self.productive = {nonterminal: nonterminal in self.shortest for nonterminal in grammar.nonterminals}
        self.reachable = self._reachable()
        self.empty = self._empty()
        self.cyclic = self._cyclic()

    def is_usable(self, production: Production) -> bool:
        """Whether some derivation of some string uses the production."""
        return production.lhs in self.reachable and self._is_productive(production)

    def completion(self, production: Production) -> int | None:
        """Productions in the shortest derivation that starts with this one; None where there is none."""
        if not self._is_productive(production):
            return None
        return 1 + sum(self.shortest[child] for child in production.children)

    @property
    def findings(self) -> list[Finding]:
        """All that is wrong or odd, in the order of the productions."""
        defined = {p.lhs for p in self.grammar.productions}
        first: dict[tuple[Nonterminal, tuple[Symbol, ...]], Production] = {}
        found = []
        for production in self.grammar.productions:
            if production.id == self.grammar.pad:
                found.append(Finding("padding", "fills up batches; derives nothing", production))
                continue
            undefined = [str(child) for child in dict.fromkeys(production.children) if child not in defined]
            dead = [str(child) for child in dict.fromkeys(production.children) if not self.productive[child]]
            if undefined:
                found.append(Finding("undefined", f"nothing defines {', '.join(undefined)}", production))
            elif dead:
                found.append(Finding("unproductive", f"no string can be derived from {', '.join(dead)}", production))
            elif production.lhs not in self.reachable:
                message = f"nothing leads from {self.grammar.start} to {production.lhs}"
                found.append(Finding("unreachable", message, production))
            if production.id in self.cyclic:
                message = f"{production.lhs} derives itself through it and produces nothing more"
                found.append(Finding("empty cycle", message, production))
            earlier = first.setdefault((production.lhs, production.rhs), production)
            if earlier is not production:
                found.append(Finding("duplicate", f"the same as production {earlier.id}", production))
        return found

    def _is_productive(self, production: Production) -> bool:
        return all(self.productive[child] for child in production.children)

    def _shortest(self) -> dict[Nonterminal, int]:
        shortest: dict[Nonterminal, int] = {}

        def relax(production: Production) -> bool:
            if not all(child in shortest for child in production.children):
                return False
            length = 1 + sum(shortest[child] for child in production.children)
            if length >= shortest.get(production.lhs, length + 1):
                return False
            shortest[production.lhs] = length
            return True

        self._until_stable(relax)
        return shortest

    def _reachable(self) -> set[Nonterminal]:
        reachable = {self.grammar.start}

        def relax(production: Production) -> bool:
            if production.lhs not in reachable or not self._is_productive(production):
                return False
            before = len(reachable)
            reachable.update(production.children)
            return len(reachable) > before

        self._until_stable(relax)
        return reachable

    def _empty(self) -> dict[Nonterminal, int]:
        """In rounds: a nonterminal enters in the round of its least-height empty derivation."""
        empty: dict[Nonterminal, int] = {}
        while True:
            entering: dict[Nonterminal, int] = {}
            for production in self.grammar.productions:
                if production.lhs not in empty and all(symbol in empty for symbol in production.rhs):
                    entering.setdefault(production.lhs, production.id)
            if not entering:
                return empty
            empty |= entering

    def _cyclic(self) -> set[int]:
        """Productions p: A -> u B v with u and v deriving the empty string and B deriving A alone."""
        steps = [
            (production, symbol)
            for production in self.grammar.productions
            if self.is_usable(production)
            for place, symbol in enumerate(production.rhs)
            if isinstance(symbol, Nonterminal)
            and all(other in self.empty for i, other in enumerate(production.rhs) if i != place)
        ]
        derives = {nonterminal: {nonterminal} for nonterminal in self.grammar.nonterminals}
        changed = True
        while changed:
            changed = False
            for production, symbol in steps:
                before = len(derives[production.lhs])
                derives[production.lhs] |= derives[symbol]
                changed |= len(derives[production.lhs]) > before
        return {production.id for production, symbol in steps if production.lhs in derives[symbol]}

    def _until_stable(self, relax: Callable[[Production], bool]) -> None:
        """Applies `relax`, which says whether it changed something, to each production until none does."""
        while any([relax(production) for production in self.grammar.productions]):
            pass
