"""Traverses a leftmost derivation from left to right, to tell which production writes what."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.errors import DerivationError
from grae.grammar.symbols import Nonterminal

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


def terminals(
    grammar: "Grammar", ids: np.ndarray | Sequence[int], parts: Sequence[Sequence[Any] | None] | None = None
) -> Iterator[tuple[Any, int]]:
    """The terminals of a leftmost derivation, each with the step whose production writes it.

    Args:
        grammar: the grammar of the derivation.
        ids: production ids, shape (T,).
        parts: a replacement for the right-hand side of each production, with the same nonterminals in the same order
            and anything between them; None for a production that cannot be used. By default the right-hand sides.

    Raises:
        DerivationError: the ids are not a complete leftmost derivation.
    """
    productions = grammar.productions
    written = [production.rhs for production in productions] if parts is None else parts
    steps = np.asarray(ids).tolist()
    step = 0
    begun: list[tuple[Iterator[Any], int]] = [(iter((grammar.start,)), -1)]  # stack of unfinished right-hand sides
    while begun:
        symbols, owner = begun[-1]
        for symbol in symbols:
            if not isinstance(symbol, Nonterminal):
                yield symbol, owner
                continue
            if step == len(steps):
                raise DerivationError(f"the derivation ends before {symbol} is expanded")
            production = steps[step]
            below = written[production] if 0 <= production < len(written) else None
            if below is None or productions[production].lhs != symbol:
                raise DerivationError(f"production {production} of grammar {grammar.name!r} does not expand {symbol}")
            begun.append((iter(below), step))
            step += 1
            break
        else:
            begun.pop()
    if step < len(steps):
        raise DerivationError("the derivation continues after its last nonterminal is expanded")


def text_and_steps(grammar: "Grammar", ids: np.ndarray | Sequence[int]) -> tuple[str, list[int]]:
    """The string of a derivation, and for each of its characters the step whose production writes it.

    Args:
        grammar: the grammar of the derivation.
        ids: a complete leftmost derivation, shape (T,).

    Raises:
        DerivationError: it is not one.
    """
    pairs = list(terminals(grammar, ids))
    return "".join(terminal for terminal, _ in pairs), [step for terminal, step in pairs for _ in terminal]
