"""Formulas as programs: parsed by precedence, evaluated on rows, and differentiated with respect to their constants.

From lowest to highest precedence: `+ -`, `* /`, unary minus, `^` (also `**`), which is right-associative, as in
mathematics: -x^2 is -(x^2). No text is ever executed as code.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from grae.errors import ParseError
from grae.formulas.operations import CONSTANT, NEGATIVE, OPERATIONS, Operation

_LEXEME = re.compile(r"\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([^\W\d]\w*)|(\*\*|[-+*/^(),]))")
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_SIGN_BINDING = 3


class Variable(NamedTuple):
    """A column of the data."""

    column: int
    name: str


class Constant(NamedTuple):
    """A constant to fit, numbered from left to right, from 0."""

    number: int


Token = float | Variable | Constant | Operation


@dataclass(frozen=True)
class Program:
    """A formula in postfix order.

    Attributes:
        tokens: numbers, variables, constants, and operations after their arguments.
    """

    tokens: tuple[Token, ...]

    @cached_property
    def n_constants(self) -> int:
        """The number of constants to fit, k."""
        return sum(isinstance(token, Constant) for token in self.tokens)

    @cached_property
    def arguments(self) -> list[tuple[int, ...]]:
        """For each token, the indices of the tokens that compute its arguments, left to right; empty for operands."""
        arguments: list[tuple[int, ...]] = []
        stack: list[int] = []
        for place, token in enumerate(self.tokens):
            arity = token.arity if isinstance(token, Operation) else 0
            first = len(stack) - arity
            arguments.append(tuple(stack[first:]))
            del stack[first:]
            stack.append(place)
        return arguments

    @cached_property
    def fitted(self) -> list[bool]:
        """For each token, whether its value depends on a constant."""
        fitted: list[bool] = []
        for token, places in zip(self.tokens, self.arguments, strict=True):
            fitted.append(isinstance(token, Constant) or any(fitted[one] for one in places))
        return fitted

    @cached_property
    def linear(self) -> tuple[int, ...]:
        """The indices of constants in which the formula is jointly affine, with all others fixed."""
        below: list[tuple[int, ...]] = []
        for place, token in enumerate(self.tokens):
            if isinstance(token, Constant):
                below.append((token.number,))
                continue
            parts = [below[one] for one in self.arguments[place]]
            match token:
                case Operation(name="+" | "-" | "neg"):
                    below.append(tuple(number for part in parts for number in part))
                case Operation(name="*"):
                    below.append(max(parts, key=len))
                case Operation(name="/"):
                    below.append(parts[0])
                case _:
                    below.append(())
        return below[-1]

    def values(self, columns: np.ndarray, constants: np.ndarray | None = None) -> np.ndarray:
        """The values of the formula.

        Args:
            columns: columns of the data, (p, K) float64.
            constants: constants (k,), or (S, k) for several choices.

        Returns:
            Values (K,), or (S, K); infinite or NaN where the formula is undefined.
        """
        constants = np.zeros(0) if constants is None else np.asarray(constants, np.float64)
        values = Evaluation(self, columns).values(constants)
        return np.array(np.broadcast_to(values, (*constants.shape[:-1], columns.shape[1])), np.float64)


class Evaluation:
    """A formula on given rows; subexpressions without constants are computed once.

    Args:
        program: the formula, with k constants.
        columns: columns of the data, (p, K) float64.
    """

    @np.errstate(all="ignore")
    def __init__(self, program: Program, columns: np.ndarray) -> None:
        self.n_rows, self.n_constants = columns.shape[1], program.n_constants
        self._known: list[np.ndarray | None] = []
        self._constants: list[tuple[int, int]] = []
        self._steps: list[tuple[int, Operation, tuple[int, ...]]] = []
        self._fitted = program.fitted
        for place, (token, places) in enumerate(zip(program.tokens, program.arguments, strict=True)):
            value = None
            if isinstance(token, Variable):
                value = columns[token.column]
            elif isinstance(token, Constant):
                self._constants.append((place, token.number))
            elif not isinstance(token, Operation):
                value = np.array(token)
            elif program.fitted[place]:
                self._steps.append((place, token, places))
            else:
                value = token.values(*(self._known[one] for one in places))
            self._known.append(value)

    @np.errstate(all="ignore")
    def values(self, constants: np.ndarray) -> np.ndarray:
        """The values, an array that broadcasts to (S, K), for constants (S, k); to (K,) for (k,)."""
        return self._forward(constants)[-1]

    @np.errstate(all="ignore")
    def jacobian(self, constants: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The values and their derivatives with respect to the constants, by reverse accumulation.

        Args:
            constants: (S, k) float64.

        Returns:
            The values (S, K) and the derivatives (S, k, K).
        """
        known = self._forward(constants)
        derivatives = np.empty((len(constants), self.n_constants, self.n_rows))
        adjoints: list[np.ndarray | float] = [1.0] * len(known)
        for place, operation, places in reversed(self._steps):
            adjoint = adjoints[place]
            partials = operation.derivatives(*(known[one] for one in places), known[place])
            for one, partial in zip(places, partials, strict=True):
                if self._fitted[one]:
                    adjoints[one] = adjoint * partial
        for place, number in self._constants:
            derivatives[:, number] = adjoints[place]
        return np.broadcast_to(known[-1], (len(constants), self.n_rows)), derivatives

    def _forward(self, constants: np.ndarray) -> list:
        """The value of each token, arrays that broadcast to (S, K)."""
        known: list = list(self._known)
        for place, number in self._constants:
            known[place] = constants[..., number, None]
        for place, operation, places in self._steps:
            known[place] = operation.values(*(known[one] for one in places))
        return known


def read(text: str, variables: Sequence[str], operations: Mapping[str, Operation] = OPERATIONS) -> Program:
    """Parses a formula.

    Args:
        text: the formula, such as "c*sin(x) + y^2".
        variables: the names of the columns, in order.
        operations: operations by name.

    Raises:
        ParseError: the text is not a formula; the message has the position and what was expected there.
    """
    return _Reader(text, variables, operations).program()


class _Reader:
    """Parses one formula, by precedence climbing."""

    def __init__(self, text: str, variables: Sequence[str], operations: Mapping[str, Operation]) -> None:
        self.text, self.operations = text, operations
        self.columns = {name: Variable(place, name) for place, name in enumerate(variables)}
        self.lexemes = lexemes(text)
        self.next = 0
        self.tokens: list[Token] = []
        self.n_constants = 0

    def program(self) -> Program:
        self._sum(0)
        if self._kind() != "":
            raise self._unexpected("an operator")
        return Program(tuple(self.tokens))

    def _kind(self) -> str:
        """The next lexeme; "" at the end."""
        return self.lexemes[self.next][0]

    def _sum(self, least: int) -> None:
        """An operand, and the following operations with a precedence of at least `least`."""
        self._operand()
        while (binding := _BINDING.get(self._kind(), -1)) >= max(least, 0) and binding > 0:
            sign = self._kind()
            self.next += 1
            self._sum(binding if sign == "^" else binding + 1)
            self.tokens.append(self.operations[sign])

    def _operand(self) -> None:
        lexeme = self._kind()
        if lexeme == "-":
            self.next += 1
            self._sum(_SIGN_BINDING)
            self.tokens.append(self.operations[NEGATIVE])
        elif lexeme == "(":
            self.next += 1
            self._sum(0)
            self._take(")")
        elif lexeme in self.columns:
            self.next += 1
            self.tokens.append(self.columns[lexeme])
        elif lexeme == CONSTANT:
            self.next += 1
            self.tokens.append(Constant(self.n_constants))
            self.n_constants += 1
        elif lexeme[:1].isdigit() or lexeme[:1] == ".":
            self.next += 1
            self.tokens.append(float(lexeme))
        elif lexeme in self.operations and lexeme != NEGATIVE and lexeme.isidentifier():
            self._call(self.operations[lexeme])
        else:
            raise self._unexpected("a number", CONSTANT, "(", *self.columns)

    def _call(self, operation: Operation) -> None:
        """A function and its arguments."""
        self.next += 1
        self._take("(")
        for place in range(operation.arity):
            if place:
                self._take(",")
            self._sum(0)
        self._take(")")
        self.tokens.append(operation)

    def _take(self, lexeme: str) -> None:
        if self._kind() != lexeme:
            raise self._unexpected(lexeme)
        self.next += 1

    def _unexpected(self, *expected: str) -> ParseError:
        return ParseError(self.text, self.lexemes[self.next][1], expected)


def lexemes(text: str) -> list[tuple[str, int]]:
    """The lexemes of a formula with their positions; the last is "" at the end.

    Raises:
        ParseError: a character is not allowed in formulas.
    """
    result: list[tuple[str, int]] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _LEXEME.match(text, position)
        if match is None:
            raise ParseError(text, len(text) - len(text[position:].lstrip()), reason="no formula holds this character")
        sign = match[match.lastindex or 0].strip()
        result.append(("^" if sign == "**" else sign, match.start(match.lastindex or 0)))
        position = match.end()
    return [*result, ("", len(text))]
