"""Grammars of formulas for data: productions for the columns, and checks of the terminals."""

from collections.abc import Container, Mapping, Sequence
from itertools import product

from grae.errors import GrammarError, ParseError
from grae.formulas.operations import CONSTANT, NEGATIVE, OPERATIONS, Operation
from grae.formulas.program import lexemes
from grae.grammar import Grammar
from grae.grammar.symbols import Nonterminal, Production, Symbol

VARIABLE = Nonterminal("variable")
"""The nonterminal for any column."""


def for_columns(grammar: Grammar, names: Sequence[str], operations: Mapping[str, Operation] = OPERATIONS) -> Grammar:
    """The grammar of formulas in the columns of a data set.

    Each production whose right-hand side contains `variable` is replaced by one for each column (for each combination
    of columns, if it occurs several times). A grammar without that nonterminal is unchanged.

    Args:
        grammar: grammar of formulas, without motifs.
        names: names of the columns.
        operations: operations by name.

    Raises:
        GrammarError: a terminal is not a column, constant or operation.
    """
    if VARIABLE in grammar.nonterminals:
        productions: list[tuple[Nonterminal, tuple[Symbol, ...]]] = []
        weights: list[float] = []
        for one in grammar.productions:
            expanded = _expanded(one, names) if one.lhs != VARIABLE else []
            productions += [(one.lhs, rhs) for rhs in expanded]
            weights += [1.0 if grammar.weights is None else grammar.weights[one.id] / len(expanded)] * len(expanded)
        grammar = Grammar(
            grammar.name,
            productions,
            grammar.start,
            language=grammar.language,
            ignore=grammar.ignore,
            separator=grammar.separator,
            weights=None if grammar.weights is None else weights,
        )
    check_terminals(grammar, names, operations)
    return grammar


def _expanded(production: Production, names: Sequence[str]) -> list[tuple[Symbol, ...]]:
    """The right-hand sides of a production with columns substituted for `variable`."""
    choices = [names if symbol == VARIABLE else (symbol,) for symbol in production.rhs]
    return [tuple(rhs) for rhs in product(*choices)]


def check_terminals(grammar: Grammar, names: Sequence[str], operations: Mapping[str, Operation]) -> None:
    """Checks that the terminals of a grammar are parts of formulas.

    Raises:
        GrammarError: a terminal is not a column, constant or operation.
    """
    known = {CONSTANT, *names, *operations} - {NEGATIVE}
    for production in filter(grammar.analysis.is_usable, grammar.productions):
        for symbol in production.rhs:
            unknown = None if isinstance(symbol, Nonterminal) else _unknown(symbol, known)
            if unknown is not None:
                line = "" if production.line is None else f", line {production.line}"
                raise GrammarError(
                    f"{grammar.name}{line}: {unknown!r} in '{production}' is neither a column nor a function; "
                    f"columns: {', '.join(names)}",
                    remedy="name a column, or give the function (--function NAME=file.py:function, functions={...}); "
                    f"the nonterminal {VARIABLE} stands for any column",
                )


def _unknown(terminal: str, known: Container[str]) -> str | None:
    """The first name or character in a terminal that is not part of formulas, or None."""
    try:
        names = [lexeme for lexeme, _ in lexemes(terminal) if lexeme.isidentifier()]
    except ParseError as error:
        return terminal[error.position :][:1]
    return next((name for name in names if name not in known), None)


def variables_of(grammar: Grammar) -> tuple[str, ...]:
    """The names in a grammar's terminals other than the constant and known operations, sorted."""
    found = {lexeme for terminal in grammar.terminals for lexeme, _ in lexemes(terminal) if lexeme.isidentifier()}
    return tuple(sorted(found - {CONSTANT, *OPERATIONS}))
