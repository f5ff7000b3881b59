"""Which characters of a string, and which atoms of a SMILES, a production of its derivation writes."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from grae.grammar.symbols import Nonterminal

if TYPE_CHECKING:
    from grae.grammar import Grammar

ATOM = re.compile(r"\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops*]")


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


def atoms_of(smiles: str) -> list[int]:
    """Where each atom of a SMILES is written, in the order in which RDKit numbers them: the place of its element."""
    places = []
    for atom in ATOM.finditer(smiles):
        place = atom.start()
        while not smiles[place].isalpha() and smiles[place] != "*" and place < atom.end() - 1:
            place += 1
        places.append(place)
    return places
