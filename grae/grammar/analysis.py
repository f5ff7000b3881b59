"""What a grammar's symbols derive, and which of its productions can never be used."""

import re
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeVar

from grae.grammar.symbols import Nonterminal, Production, Symbol

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


_ESCAPE = re.compile(r"\\([nrtfv0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})")
N = TypeVar("N", bound=Hashable)
MOST_COUNTED = 2**31 - 2  # productions; the shortest string of A -> B B, B -> C C, ... soon exceeds any memory
KILLED = ("undefined", "unproductive")  # kinds of findings about productions that should derive strings but cannot
_EPSILONS = {"epsilon", "eps", "empty", "lambda", "λ", "ε", "ϵ"}  # common names of the empty string


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic about a grammar.

    Attributes:
        kind: "undefined" (a nonterminal without productions), "unproductive" (no string can be derived through it),
            "unreachable" (no derivation from the start symbol reaches it), "empty cycle" (a nonterminal derives itself
            and nothing else, so that strings have infinitely many derivations), "duplicate" (the same production
            again), "padding" (`Nothing -> None`, which pads batches and derives nothing), "escape" (a terminal such as
            a backslash and n, which is not a line feed here), or "white space" (strings can begin or end with white
            space, which a text file keeps, but a table or a .smi file loses).
        message: the finding in one sentence.
        production: the production concerned.
    """

    kind: str
    message: str
    production: Production

    def __str__(self) -> str:
        line = "" if self.production.line is None else f"line {self.production.line}, "
        return f"{self.kind}: {line}production {self.production.id} '{self.production}': {self.message}"


class Analysis:
    """Fixed points over a grammar's productions.

    Attributes:
        shortest: nonterminal -> productions in its shortest completion, at most `MOST_COUNTED`; absent if it derives no
            string.
        productive: nonterminal -> whether it derives a string.
        reachable: nonterminals reachable from the start symbol through usable productions.
        empty: nonterminal -> the production that starts its empty derivation of least height (the lowest id of
            several); absent if it does not derive the empty string.
        cycle_steps: steps by which a nonterminal derives itself and nothing else: the id of the production, and the
            position in its right-hand side of the nonterminal that leads back to its left-hand side.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        self.shortest = self._shortest()
        self.productive = {nonterminal: nonterminal in self.shortest for nonterminal in grammar.nonterminals}
        self.reachable = self._reachable()
        self.empty = self._empty()
        self.cycle_steps = self._cycle_steps()

    def is_usable(self, production: Production) -> bool:
        """Whether some derivation of some string uses the production."""
        return production.lhs in self.reachable and self._is_productive(production)

    def completion(self, production: Production) -> int | None:
        """Productions in the shortest derivation that starts with this one, up to `MOST_COUNTED`; None without one."""
        if not self._is_productive(production):
            return None
        return min(MOST_COUNTED, 1 + sum(self.shortest[child] for child in production.children))

    @property
    def findings(self) -> list[Finding]:
        """All findings, in the order of the productions."""
        defined = {p.lhs for p in self.grammar.productions}
        first: dict[tuple[Nonterminal, tuple[Symbol, ...]], Production] = {}
        cyclic = {production for production, _ in self.cycle_steps}
        results = []
        for production in self.grammar.productions:
            if production.id == self.grammar.pad:
                results.append(Finding("padding", "fills up batches; derives nothing", production))
                continue
            undefined = [str(child) for child in dict.fromkeys(production.children) if child not in defined]
            dead = [str(child) for child in dict.fromkeys(production.children) if not self.productive[child]]
            if undefined:
                message = f"nothing defines {', '.join(undefined)}"
                if not _EPSILONS.isdisjoint(name.lower() for name in undefined):
                    message += "; the empty string is an empty right-hand side, or the sign ε"
                elif (
                    production.rhs
                    and set(production.children) == set(production.rhs)
                    and all(map(str.islower, undefined))
                ):
                    message += f"; a terminal stands in quotes, such as '{undefined[0]}'"
                results.append(Finding("undefined", message, production))
            elif dead:
                results.append(Finding("unproductive", f"no string can be derived from {', '.join(dead)}", production))
            elif production.lhs not in self.reachable:
                message = f"nothing leads from {self.grammar.start} to {production.lhs}"
                results.append(Finding("unreachable", message, production))
            if production.id in cyclic:
                message = f"{production.lhs} derives itself through it and produces nothing more"
                results.append(Finding("empty cycle", message, production))
            earlier = first.setdefault((production.lhs, production.rhs), production)
            if earlier is not production:
                results.append(Finding("duplicate", f"the same as production {earlier.id}", production))
        return results + self._escapes() + self._white_space()

    def _escapes(self) -> list[Finding]:
        """Productions with a terminal that looks like an escape sequence."""
        return [
            Finding("escape", f"a backslash and {text[1:]!r}, unless the file has the line #% escapes", production)
            for production in self.grammar.productions
            for text in production.rhs
            if isinstance(text, str) and _ESCAPE.fullmatch(text)
        ]

    @property
    def has_space_at_ends(self) -> bool:
        """Whether strings of the language can begin or end with white space."""
        return bool(self._white_space())

    def _white_space(self) -> list[Finding]:
        """Productions through which strings of the language can begin or end with white space."""
        results = []
        for step, verb in ((1, "begin"), (-1, "end")):
            todo = [self.grammar.start]  # nonterminals that can stand at this end of a string
            seen = set(todo)
            reported = set()
            for nonterminal in todo:
                for production in self._expansions.get(nonterminal, ()):
                    if not self.is_usable(production):
                        continue
                    for symbol in production.rhs[::step]:
                        if isinstance(symbol, Nonterminal):
                            if symbol not in seen:
                                seen.add(symbol)
                                todo.append(symbol)
                        elif symbol[::step][0].isspace() and production.id not in reported:
                            reported.add(production.id)
                            message = f"strings can {verb} with white space, which text files keep and tables lose"
                            results.append(Finding("white space", message, production))
                        if symbol not in self.empty:
                            break
        return results

    def _is_productive(self, production: Production) -> bool:
        return all(self.productive[child] for child in production.children)

    def _shortest(self) -> dict[Nonterminal, int]:
        """Knuth's generalization of Dijkstra's algorithm (Information Processing Letters 6(1), 1977)."""
        productions = self.grammar.productions
        missing = [len(p.children) for p in productions]  # children whose shortest completion is still unknown
        lengths = [1] * len(productions)
        shortest: dict[Nonterminal, int] = {}
        uses = self._uses()
        queue = [(1, p.id) for p in productions if not p.children]
        while queue:
            length, number = heappop(queue)
            lhs = productions[number].lhs
            if lhs in shortest:
                continue
            shortest[lhs] = length
            for user in uses.get(lhs, ()):
                lengths[user] = min(MOST_COUNTED, lengths[user] + length)
                missing[user] -= 1
                if not missing[user]:
                    heappush(queue, (lengths[user], user))
        return shortest

    def _reachable(self) -> set[Nonterminal]:
        reachable = {self.grammar.start}
        todo = [self.grammar.start]
        while todo:
            for production in self._expansions.get(todo.pop(), ()):
                if self._is_productive(production):
                    todo += (child for child in dict.fromkeys(production.children) if child not in reachable)
                    reachable.update(production.children)
        return reachable

    def _empty(self) -> dict[Nonterminal, int]:
        """Proceeds in rounds: a nonterminal enters in the round equal to the least height of its empty derivations."""
        productions = self.grammar.productions
        missing = [len(p.rhs) for p in productions]  # symbols not yet known to be nullable
        uses = self._uses()
        empty: dict[Nonterminal, int] = {}
        complete = [p.id for p in productions if not p.rhs]
        while complete:
            entering: dict[Nonterminal, int] = {}
            for number in sorted(complete):
                if productions[number].lhs not in empty:
                    entering.setdefault(productions[number].lhs, number)
            empty |= entering
            complete = []
            for nonterminal in entering:
                for user in uses.get(nonterminal, ()):
                    missing[user] -= 1
                    if not missing[user]:
                        complete.append(user)
        return empty

    def _cycle_steps(self) -> list[tuple[int, int]]:
        """Productions A -> u B v where u and v derive the empty string and B derives A alone, and the position of B."""
        steps = [
            (production, place)
            for production in self.grammar.productions
            if self.is_usable(production)
            for place in alone(production.rhs, self.empty)
        ]
        leads: dict[Symbol, set[Symbol]] = {}
        for production, place in steps:
            leads.setdefault(production.lhs, set()).add(production.rhs[place])
        component = components(leads)
        return [
            (production.id, place)
            for production, place in steps
            if component[production.lhs] == component[production.rhs[place]]
        ]

    @cached_property
    def _expansions(self) -> dict[Nonterminal, list[Production]]:
        """The productions of each nonterminal."""
        expansions: dict[Nonterminal, list[Production]] = {}
        for production in self.grammar.productions:
            expansions.setdefault(production.lhs, []).append(production)
        return expansions

    def _uses(self) -> dict[Nonterminal, list[int]]:
        """The productions that have each nonterminal on their right-hand sides, once per occurrence."""
        uses: dict[Nonterminal, list[int]] = {}
        for production in self.grammar.productions:
            for child in production.children:
                uses.setdefault(child, []).append(production.id)
        return uses


def alone(rhs: Sequence[Symbol], empty: Container[Symbol]) -> list[int]:
    """The positions of the nonterminals of a right-hand side whose other symbols all derive the empty string."""
    stuck = [place for place, symbol in enumerate(rhs) if symbol not in empty]
    places = stuck if stuck else range(len(rhs))
    return [place for place in places if len(stuck) <= 1 and isinstance(rhs[place], Nonterminal)]


def components(leads: Mapping[N, Iterable[N]]) -> dict[N, int]:
    """The strongly connected components of a graph, numbered (Tarjan, SIAM Journal on Computing 1(2), 1972).

    Args:
        leads: node -> its successors; nodes without successors may be omitted.
    """
    order: dict[N, int] = {}
    lowest: dict[N, int] = {}
    component: dict[N, int] = {}
    path: list[N] = []  # visited nodes whose component is incomplete
    for root in leads:
        walk = [] if root in order else [(root, iter(leads[root]))]
        if walk:
            order[root] = lowest[root] = len(order)
            path.append(root)
        while walk:
            node, edges = walk[-1]
            after = next(edges, None)
            if after is None:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    number = len(component)
                    while node not in component:
                        component[path.pop()] = number
            elif after not in order:
                order[after] = lowest[after] = len(order)
                path.append(after)
                walk.append((after, iter(leads.get(after, ()))))
            elif after not in component:
                lowest[node] = min(lowest[node], order[after])
    return component
