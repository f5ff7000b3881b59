"""One line of productions: nltk's notation, and unambiguous elements of other notations.

S -> A 'x' | "y" |        nltk: an empty alternative derives the empty string
S -> A [0.7] | 'y' [0.3]  nltk: the weight of each alternative
<s> ::= <a> "x"           Backus-Naur form
  | 'z'                   further alternatives of the preceding left-hand side
S -> 'a' |                the same: the next line, which has no arrow, continues
     'b'
T -> 'a' T | ε            an epsilon sign that nothing defines (see `EPSILONS`)
T -> 'b'                  # a comment, to the end of the line
"""

import re
from collections.abc import Iterator

from grae.errors import GrammarError, excerpt
from grae.grammar.quoting import end_of_quoted, unescaped
from grae.grammar.symbols import NAME, Nonterminal, Symbol

EPSILONS = frozenset("εϵ∅")  # read as the empty string where no production defines a nonterminal of that name
ARROWS = ("->", "::=", "→")
_SPACE = re.compile(r"\s*")
_BRACKETED = re.compile(rf"<\s*({NAME.pattern})\s*>")
_WEIGHT = re.compile(r"\[\s*(\d+\.?\d*|\.\d+)\s*\]", re.ASCII)
_REMEDY = "write productions as NAME -> NAME 'terminal' | ..., one left-hand side a line"
_REPEATED = "write a repetition as a nonterminal of its own: items -> item | item items; an option, as two alternatives"
_REMEDIES = {
    **dict.fromkeys("*+?{}()", _REPEATED),
    **dict.fromkeys("[]", "write a set of characters as alternatives: digit -> '0' | '1'"),
    **dict.fromkeys(":=", "write the arrow as -> or ::="),
    **dict.fromkeys(";,.", "omit it: a line ends a production, and symbols stand side by side"),
    "/": "begin a comment with #",
    "\\": 'a backslash is no escape without the line #% escapes; one kind of quotes can stand between the other, "\'"',
}
"""Signs of other notations that cannot be read -> how to write their meaning here."""


class RuleLine:
    """Reads one logical line.

    Args:
        line: its text.
        where: its name in messages.
        escapes: whether a backslash in a terminal begins an escape.
    """

    def __init__(self, line: str, where: str, *, escapes: bool = False) -> None:
        self._line, self._where, self._escapes, self._place = line, where, escapes, 0

    def begins(self) -> bool:
        """Whether the line begins with a left-hand side and an arrow, or with a bar; otherwise an error."""
        quoted = self._line[:1] in tuple("'\"")
        if quoted or self._line.startswith("|"):
            return not quoted
        try:
            self._left_hand_side()
        except GrammarError:
            return self._line[self._place : self._place + 1] in tuple(_REMEDIES)
        return True

    def rules(self, before: Nonterminal | None) -> Iterator[tuple[Nonterminal, tuple[Symbol, ...], float | None]]:
        """The productions of the line, each with its weight, if it has one.

        Args:
            before: the left-hand side of the preceding line, which a line that begins with `|` continues.

        Raises:
            GrammarError: the line cannot be read; with the position.
        """
        self._skip()
        if self._takes("|"):
            if before is None:
                raise self._error("there is no production before it to continue", at=0)
            lhs = before
        else:
            lhs = self._left_hand_side()
        rhs: list[Symbol] = []
        weight = None
        while not self._at_end():
            if self._takes("|"):
                yield lhs, tuple(rhs), weight
                rhs, weight = [], None
            elif weight is not None:
                raise self._error("a symbol behind a weight", remedy="write the weight last, before the bar")
            elif (match := _WEIGHT.match(self._line, self._place)) is not None:
                weight, self._place = float(match[1]), match.end()
            else:
                rhs.append(self._symbol())
            self._skip()
        yield lhs, tuple(rhs), weight

    def _left_hand_side(self) -> Nonterminal:
        begin = self._place
        lhs = self._name()
        if lhs is None:
            raise self._error("expected a nonterminal")
        self._skip()
        if any(self._takes(arrow) for arrow in ARROWS):
            return lhs
        if not self._line.startswith("<", begin) and "->" in (name := self._line[begin : self._place].rstrip()):
            # a name may contain "->": nltk reads S->A as one name, and so is it read here if an arrow follows
            length = name.index("->")
            if NAME.fullmatch(name[:length]):
                self._place = begin + length + len("->")
                return Nonterminal(name[:length])
        raise self._error(f"expected an arrow (->) after {lhs}")

    def _symbol(self) -> Symbol:
        quote = self._line[self._place]
        if quote in "'\"":
            return self._terminal(quote)
        if self._line[self._place] in EPSILONS and not NAME.match(self._line, self._place):
            self._place += 1
            return Nonterminal(self._line[self._place - 1])
        if (name := self._name()) is not None:
            return name
        if any(self._line.startswith(arrow, self._place) for arrow in ARROWS):
            raise self._error("a second arrow", remedy="write one left-hand side a line")
        raise self._error("expected a nonterminal or a quoted terminal")

    def _terminal(self, quote: str) -> str:
        end = end_of_quoted(self._line, self._place, escapes=self._escapes)
        if end < 0:
            raise self._error(f"unterminated string: the closing {quote} is missing")
        begin = self._place + 1
        terminal, self._place = self._line[begin:end], end + 1
        if not self._escapes:
            return terminal
        terminal, broken = unescaped(terminal)
        if broken is not None:
            remedy = "use one of \\n \\r \\t \\\\ \\' \\\" \\xHH \\uHHHH \\UHHHHHHHH"
            raise self._error("unknown escape", at=begin + broken, remedy=remedy)
        return terminal

    def _name(self) -> Nonterminal | None:
        if bracketed := _BRACKETED.match(self._line, self._place):
            self._place = bracketed.end()
            return Nonterminal(bracketed[1])
        if name := NAME.match(self._line, self._place):
            self._place = name.end()
            return Nonterminal(name[0])
        return None

    def _takes(self, sign: str) -> bool:
        if not self._line.startswith(sign, self._place):
            return False
        self._place += len(sign)
        self._skip()
        return True

    def _at_end(self) -> bool:
        if self._line.startswith("#%", self._place):
            raise self._error("a directive behind a production", remedy="put the directive on a line of its own")
        return self._place == len(self._line) or self._line[self._place] == "#"

    def _skip(self) -> None:
        space = _SPACE.match(self._line, self._place)
        self._place = self._place if space is None else space.end()

    def _error(self, said: str, *, at: int | None = None, remedy: str = _REMEDY) -> GrammarError:
        place = self._place if at is None else at
        if remedy is _REMEDY:
            remedy = _REMEDIES.get(self._line[place : place + 1], _REMEDY)
        return GrammarError(f"{self._where}: {said}\n{excerpt(self._line, place)}", remedy=remedy)


def continues(line: str) -> bool:
    """Whether a line can only continue the preceding production: it has no arrow and does not begin with a bar."""
    return not RuleLine(line, "").begins()


def without_epsilons(
    rules: list[tuple[Nonterminal, tuple[Symbol, ...], int]],
) -> list[tuple[Nonterminal, tuple[Symbol, ...], int]]:
    """Rules, each with its line, without the epsilon signs that none of them defines."""
    defined = {lhs for lhs, _, _ in rules}
    signs = {Nonterminal(sign) for sign in EPSILONS} - defined
    return [(lhs, tuple(symbol for symbol in rhs if symbol not in signs), line) for lhs, rhs, line in rules]
