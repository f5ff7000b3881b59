"""Which characters of a string a production of its derivation writes."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from grae.grammar.symbols import Nonterminal

if TYPE_CHECKING:
    from grae.grammar import Grammar


def owners(grammar: "Grammar", ids: np.ndarray | Sequence[int]) -> Iterator[tuple[str, int]]:
    """The terminals that a leftmost derivation writes, each with the step whose production writes it.

    Args:
        grammar: of the derivation.
        ids: a complete leftmost derivation, shape (T,).
    """
    productions = grammar.productions
    waiting: list[tuple[Nonterminal | str, int]] = [(grammar.start, -1)]
    step = 0
    while waiting:
        symbol, owner = waiting.pop()
        if not isinstance(symbol, Nonterminal):
            yield symbol, owner
            continue
        waiting.extend((part, step) for part in reversed(productions[int(ids[step])].rhs))
        step += 1


def written_by(grammar: "Grammar", ids: np.ndarray | Sequence[int], step: int) -> tuple[str, list[bool]]:
    """The string of a derivation, and which of its characters the production at a step writes itself."""
    parts = list(owners(grammar, ids))
    marked = [owner == step for terminal, owner in parts for _ in terminal]
    return "".join(terminal for terminal, _ in parts), marked
