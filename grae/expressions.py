"""Numerical evaluation of arithmetic expressions from their derivations.

An expression has the value that its text has under the usual precedence rules: `*` and `/` bind more tightly than `+`
and `-`, and operators of equal precedence are left-associative. The grammar itself need not encode this (the published
one puts `+`, `*` and `/` on one level), so precedence is applied here, within parentheses and function arguments.
Nothing is passed to Python's `eval`: a derivation becomes a postfix program of known operations on arrays.

A production is supported if its right-hand side reads as an expression in which each nonterminal stands for an
expression: numbers, the variable `x`, `+ - * /`, unary minus, parentheses, and the functions of `FUNCTIONS`, written
`sin(` or `sin` `(`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.symbols import Nonterminal, Production
from grae.grammar.walk import terminals

Token = float | str | np.ufunc
"""A number; the variable, "(" or ")"; an operation."""

Reading = list[Token | Nonterminal]
"""The right-hand side of a production in tokens."""

VARIABLE = "x"
OPERATORS: dict[str, np.ufunc] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
BINDING: dict[Token, int] = {np.add: 1, np.subtract: 1, np.multiply: 2, np.divide: 2, np.negative: 3}
FUNCTIONS: dict[str, np.ufunc] = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.absolute,
}
_PREFIXES = {np.negative, *FUNCTIONS.values()}
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def points() -> np.ndarray:
    """The 1000 points at which the published experiments compare expressions: evenly spaced on [-10, 10], float64."""
    return np.linspace(-10, 10, 1000)


def evaluate(grammar: Grammar, ids: np.ndarray | Sequence[int], x: np.ndarray) -> np.ndarray:
    """The values of one expression.

    Args:
        grammar: a grammar of expressions.
        ids: the expression's leftmost derivation, shape (T,).
        x: values of the variable, shape (K,).

    Returns:
        The expression's values, shape (K,) float64; infinite or NaN where it is undefined.

    Raises:
        GrammarError: a production does not read as an expression; with its line and the reason.
        DerivationError: the ids are not a complete leftmost derivation.
    """
    return evaluate_many(grammar, [ids], x)[0]


def evaluate_many(grammar: Grammar, derivations: Iterable[np.ndarray | Sequence[int]], x: np.ndarray) -> np.ndarray:
    """The values of many expressions.

    Args:
        grammar: a grammar of expressions.
        derivations: their leftmost derivations, shape (T,) each.
        x: values of the variable, shape (K,).

    Returns:
        Their values, shape (n, K) float64, one row per expression; infinite or NaN where it is undefined.

    Raises:
        GrammarError, DerivationError: as in `evaluate`.
    """
    x = np.asarray(x, np.float64)
    rows = list(_values(grammar, derivations, x))
    return np.stack(rows) if rows else np.empty((0, *x.shape))


def evaluate_text(grammar: Grammar, text: str, x: np.ndarray) -> np.ndarray:
    """The values of an expression given as a string; see `evaluate`.

    Raises:
        ParseError: the string is not in the language.
    """
    return evaluate(grammar, grammar.parse(text), x)


def postfix(grammar: Grammar, ids: np.ndarray | Sequence[int]) -> list[Token]:
    """An expression in postfix notation: numbers, the variable, and each operation after its operands.

    Args:
        grammar: a grammar of expressions.
        ids: the expression's leftmost derivation, shape (T,).

    Raises:
        GrammarError, DerivationError: as in `evaluate`.
    """
    return _postfix(_tokens(grammar, _readings(grammar), ids))


def are_finite(
    grammar: Grammar, derivations: Iterable[np.ndarray | Sequence[int]], x: np.ndarray | None = None
) -> np.ndarray:
    """Which expressions are finite at all points, the criterion of validity.

    Args:
        grammar: a grammar of expressions.
        derivations: their leftmost derivations, shape (T,) each; read one at a time.
        x: values of the variable, shape (K,); defaults to `points()`.

    Returns:
        Shape (n,) bool.

    Raises:
        GrammarError, DerivationError: as in `evaluate`.
    """
    x = points() if x is None else np.asarray(x, np.float64)
    return np.array([np.isfinite(values).all() for values in _values(grammar, derivations, x)], bool)


def _values(grammar: Grammar, derivations: Iterable[np.ndarray | Sequence[int]], x: np.ndarray) -> Iterator[np.ndarray]:
    readings = _readings(grammar)
    for ids in derivations:
        yield _run(_postfix(_tokens(grammar, readings, ids)), x)


@lru_cache(maxsize=16)
def _readings(grammar: Grammar) -> list[Reading | None]:
    """The productions as tokens, by id; None for productions that no derivation can use."""
    usable = grammar.tables.usable
    return [_read(grammar, production) if usable[production.id] else None for production in grammar.productions]


def _read(grammar: Grammar, production: Production) -> Reading:
    """Reads a right-hand side as an expression.

    Raises:
        GrammarError: it is not an expression.
    """

    def misread(reason: str) -> GrammarError:
        line = "" if production.line is None else f", line {production.line}"
        return GrammarError(
            f"{grammar.name}{line}: production '{production}' does not read as arithmetic: {reason}",
            remedy=f"known are numbers, {VARIABLE}, {' '.join(OPERATORS)}, parentheses, and the functions "
            f"{', '.join(FUNCTIONS)}",
        )

    reading: Reading = []
    depth = 0  # parentheses open
    complete = False  # whether the last token ends an expression
    for symbol in _split(production):
        token = symbol if isinstance(symbol, Nonterminal) else _token(symbol)
        if token is None:
            raise misread(f"unknown terminal {str(symbol)!r}")
        if token is np.subtract and not complete:
            token = np.negative
        needs_complete = token == ")" or token in OPERATORS.values()
        if complete and not needs_complete:
            raise misread(f"no operator before {str(symbol)!r}")
        if needs_complete and not complete:
            raise misread(f"no expression before {str(symbol)!r}")
        if reading and reading[-1] in FUNCTIONS.values() and token != "(":
            raise misread(f"no '(' before {str(symbol)!r}")
        depth += (token == "(") - (token == ")")
        if depth < 0:
            raise misread("no '(' for a ')'")
        complete = token != "(" and token not in _PREFIXES and token not in OPERATORS.values()
        reading.append(token)
    if not complete:
        raise misread("it ends before an expression does" if reading else "it is empty")
    if depth:
        raise misread("no ')' for a '('")
    return reading


def _split(production: Production) -> Iterator[str | Nonterminal]:
    """The symbols of a right-hand side; a terminal such as `sin(` is split in two."""
    for symbol in production.rhs:
        if isinstance(symbol, Nonterminal):
            yield symbol
            continue
        name = symbol.strip()
        if name.endswith("(") and name != "(":
            yield name[:-1].rstrip()
            yield "("
        else:
            yield name


def _token(terminal: str) -> Token | None:
    """The token of a terminal; None if it is unknown."""
    if _NUMBER.fullmatch(terminal):
        return float(terminal)
    if terminal in (VARIABLE, "(", ")"):
        return terminal
    return OPERATORS.get(terminal) or FUNCTIONS.get(terminal)


def _tokens(grammar: Grammar, readings: Sequence[Reading | None], ids: np.ndarray | Sequence[int]) -> list[Token]:
    """The tokens of a derivation's string, from left to right."""
    return [token for token, _ in terminals(grammar, ids, readings)]


def _postfix(tokens: Iterable[Token]) -> list[Token]:
    """Tokens in postfix order, by Dijkstra's shunting-yard algorithm.

    A "(" stays on the operator stack until its ")"; an operator until one arrives that does not bind more tightly.
    """
    program: list[Token] = []
    yard: list[Token] = []
    for token in tokens:
        if token == "(" or token in _PREFIXES:
            yard.append(token)
        elif token == ")":
            while (waiting := yard.pop()) != "(":
                program.append(waiting)
            if yard and yard[-1] in FUNCTIONS.values():
                program.append(yard.pop())
        elif binding := BINDING.get(token):
            while yard and BINDING.get(yard[-1], 0) >= binding:
                program.append(yard.pop())
            yard.append(token)
        else:
            program.append(token)
    return program + yard[::-1]


@np.errstate(all="ignore")
def _run(program: list[Token], x: np.ndarray) -> np.ndarray:
    """Evaluates a postfix program on a stack of arrays."""
    stack: list[np.ndarray | float] = []
    for token in program:
        if isinstance(token, np.ufunc):
            arguments = stack[-token.nin :]
            del stack[-token.nin :]
            stack.append(token(*arguments))
        else:
            stack.append(x if isinstance(token, str) else token)
    (values,) = stack
    return values if isinstance(values, np.ndarray) and values is not x else np.full(x.shape, values)
