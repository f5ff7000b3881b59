"""Language automata in plain Python: a few small functions that read a string from left to right, by characters.

Each function that numba can compile is compiled; the others are interpreted, which is much slower. Plans complete a
string with the shortest words of each nonterminal. For labels, `pending` and other words, use `automaton.Automaton`, to
which these functions are converted; the automaton of SMILES is one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import boolean, int64, njit, objmode, void
from numba.core.errors import NumbaError

from grae.constraints.automaton import ACCEPTS, CONSUME, COPY, OBLIGATIONS, PENDING, START, VECTOR, Automaton

if TYPE_CHECKING:
    from grae.grammar import Grammar

WORDS = 32  # shortest words per nonterminal
LONGEST_WORD = 40  # productions
READ, MAY_END, OWED = boolean(VECTOR, int64), boolean(VECTOR), int64(VECTOR, VECTOR)


@dataclass(frozen=True, slots=True, eq=False)
class PlainAutomaton:
    """An automaton with a state of `size` integers, which are zero before the first character.

    Attributes:
        size: length of the state, int32.
        read: `read(state, character)` reads the code point of the next character (`ord`), changes the state, and
            returns whether some string of the language has this prefix.
        may_end: `may_end(state)`, whether the string may end here.
        start: `start(state)` sets another initial state.
        owed: `owed(state, labels)` writes the indices of the words in `discharged_by` that the rest of the string must
            still contain, and returns their number; it guides plans, and is optional.
        discharged_by: these words.
        words: further words with which strings can be completed.
    """

    size: int
    read: Callable[[Any, int], bool]
    may_end: Callable[[Any], bool]
    start: Callable[[Any], None] | None = None
    owed: Callable[[Any, Any], int] | None = None
    discharged_by: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def of(self, grammar: "Grammar") -> Automaton:
        """The automaton for a grammar's terminals, with the shortest words of its nonterminals."""
        words = dict.fromkeys([*self.words, *_shortest_words(grammar.plain)])
        return self._made(grammar.terminals, tuple(words))

    def __call__(self, terminals: Sequence[str], room: int) -> Automaton:
        """The automaton for terminals, with its own words only."""
        return self._made(terminals, self.words)

    def _made(self, terminals: Sequence[str], words: tuple[str, ...]) -> Automaton:
        spelled = [list(map(ord, terminal)) for terminal in terminals]
        begins = np.cumsum([len(spelled) + 1, *map(len, spelled)])
        tables = np.array([*begins, *(code for codes in spelled for code in codes)], np.int32)
        functions = _functions(self)
        return Automaton(
            tables,
            self.size,
            *functions,
            labels=self.discharged_by,
            usual=self.discharged_by[0] if self.discharged_by else "",
            neutral=(words,),
            discharging=lambda n: [("",) * (n + 1)] if self.discharged_by else [],
        )

    @property
    def interpreted(self) -> list[str]:
        """The names of the functions that numba cannot compile."""
        given = {"read": (self.read, READ), "may_end": (self.may_end, MAY_END)}
        given |= {} if self.start is None else {"start": (self.start, void(VECTOR))}
        given |= {} if self.owed is None else {"owed": (self.owed, OWED)}
        return [name for name, (function, signature) in given.items() if _compiled(function, signature) is None]


def _compiled(function: Callable[..., Any], signature: Any) -> Any:
    """The compiled function; None if numba cannot compile it."""
    try:
        return njit(signature)(function)
    except NumbaError:
        return None


@lru_cache(maxsize=16)
def _functions(automaton: PlainAutomaton) -> tuple[Any, ...]:
    """The six functions of `Automaton`."""
    size = automaton.size
    read = _compiled(automaton.read, READ) or _interpreted_read(automaton.read)
    may_end = _compiled(automaton.may_end, MAY_END) or _interpreted_end(automaton.may_end)
    begin = automaton.start or _nothing
    start_state = _compiled(begin, void(VECTOR)) or _interpreted_start(begin)
    owing = automaton.owed or _owes_nothing
    owed = _compiled(owing, OWED) or _interpreted_owed(owing)

    @njit(START)
    def start(tables, state):
        for place in range(size):
            state[place] = 0
        start_state(state)

    @njit(CONSUME)
    def consume(tables, state, terminal):
        for place in range(tables[terminal], tables[terminal + 1]):  # noqa: SIM110  (numba reads no generators)
            if not read(state, int64(tables[place])):
                return False
        return True

    @njit(ACCEPTS)
    def accepts(tables, state):
        return may_end(state)

    @njit(COPY)
    def copy(tables, source, target):
        for place in range(size):
            target[place] = source[place]

    @njit(OBLIGATIONS)
    def obligations(tables, state, labels):
        return owed(state, labels)

    @njit(PENDING)
    def pending(tables, state, context, terminal):
        return -1

    return start, consume, accepts, copy, obligations, pending


def _nothing(state: Any) -> None:
    """Leaves the state zero."""


def _owes_nothing(state: Any, labels: Any) -> int:
    return 0


def _interpreted_read(function: Callable[[Any, int], bool]) -> Any:
    @njit(READ)
    def read(state, character):
        with objmode(result="boolean"):
            result = bool(function(state, character))
        return result

    return read


def _interpreted_end(function: Callable[[Any], bool]) -> Any:
    @njit(MAY_END)
    def may_end(state):
        with objmode(result="boolean"):
            result = bool(function(state))
        return result

    return may_end


def _interpreted_start(function: Callable[[Any], None]) -> Any:
    @njit(void(VECTOR))
    def start(state):
        with objmode():
            function(state)

    return start


def _interpreted_owed(function: Callable[[Any, Any], int]) -> Any:
    @njit(OWED)
    def owed(state, labels):
        with objmode(result="int64"):
            result = int(function(state, labels))
        return result

    return owed


def _shortest_words(grammar: "Grammar") -> list[str]:
    """The shortest strings of each nonterminal, at most `WORDS` each; all of them ordered by length."""
    from grae.grammar.counting import DerivationCounter

    words: set[str] = set()
    for nonterminal in grammar.nonterminals:
        shortest = grammar.analysis.shortest.get(nonterminal)
        if shortest is None or shortest > LONGEST_WORD:
            continue
        below = grammar.starting_at(nonterminal)
        longest = shortest
        counter = DerivationCounter(below, longest)
        while counter.total < WORDS and longest < LONGEST_WORD:
            longest = min(LONGEST_WORD, longest + max(1, longest // 2))
            counter = DerivationCounter(below, longest)
        words.update(below.unparse(counter.unrank(index)) for index in range(min(WORDS, counter.total)))
    return sorted(words, key=lambda word: (len(word), word))
