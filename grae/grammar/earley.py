"""Earley's algorithm over the tokens of strings, compiled: their leftmost derivations by a fixed rule (see `parser`).

Earley (CACM 13(2), 1970) with one token of look-ahead; nullable nonterminals are advanced over at prediction (Aycock
and Horspool, "Practical Earley Parsing", The Computer Journal 45(6), 2002), and for each nonterminal and span only the
best derivation is kept. Time is linear in the length of the string for practical grammars, left-recursive or
right-recursive, and cubic at worst.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.grammar.earley_arrays import (
    ITEMS_FULL,
    NODES_FULL,
    OUT_FULL,
    PARSED,
    STACK_FULL,
    Workspace,
)
from grae.grammar.earley_loop import find_failure, parse_rows
from grae.grammar.earley_states import EarleyStates
from grae.grammar.tokenizer import Tokenizer

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

MOST_ITEMS = 50_000_000  # 2.4 GB of items and nodes; a string that needs more is ambiguous beyond use
MOST_SPARE_ITEMS = 1_000_000  # larger workspaces are not kept for reuse


@dataclass(frozen=True, slots=True)
class Parsed:
    """The derivations of a batch of strings.

    Attributes:
        ids: (sum of lengths,) dtype of the grammar, production ids of all derivations, one after the other.
        offsets: (rows + 1,) int64, where each row begins; a row outside the language is empty.
        ok: (rows,) bool, whether each row is in the language.
    """

    ids: np.ndarray
    offsets: np.ndarray
    ok: np.ndarray


class Failure(NamedTuple):
    """Where no derivation of a string continues.

    Attributes:
        position: index of the character.
        token: the token there; None at the end of the string, or where no terminal begins.
        awaited: each terminal expected there, as its production and the position in the right-hand side.
    """

    position: int
    token: str | None
    awaited: list[tuple[int, int]]


class Earley:
    """Parses tokenized strings; may be shared between threads.

    Args:
        grammar: any grammar.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        self.tokenizer = Tokenizer(grammar)
        self._automaton = EarleyStates.of(grammar.tables)
        self._spare: list[Workspace] = []

    def parse_batch(self, texts: Sequence[str]) -> Parsed:
        """The leftmost derivations of several strings, in one compiled loop that releases the interpreter lock."""
        tokens = self.tokenizer.batch(texts)
        longest = int(tokens.counts.max(initial=0))
        offsets = np.zeros(len(texts) + 1, np.int64)
        failed = np.empty(len(texts), np.int64)
        out = np.empty(1024 + 4 * len(tokens.ids), np.promote_types(self.grammar.dtype, np.uint16))
        workspace = self._workspace(longest)
        row = 0
        while row < len(texts):
            row, status = parse_rows(self._automaton, tokens, row, workspace, out, offsets, failed)
            if status == OUT_FULL:
                out = np.concatenate([out[: offsets[row]], np.empty(2 * len(out), out.dtype)])
            elif status != PARSED and (larger := _larger(workspace, status)):
                workspace = larger
            elif status != PARSED:
                failed[row] = 0
                offsets[row + 1] = offsets[row]
                row += 1
        self._release(workspace)
        return Parsed(out[: offsets[-1]].astype(self.grammar.dtype), offsets, failed < 0)

    def failure(self, text: str) -> Failure | None:
        """Where a string leaves the language; None if `MOST_ITEMS` items do not suffice to tell.

        Raises:
            ValueError: the string is in the language.
        """
        tokens = self.tokenizer.batch([text])
        n_tokens = int(tokens.counts[0])
        workspace = self._workspace(n_tokens)
        awaiting = np.zeros(len(self._automaton.awaited), np.bool_)
        status, failed = find_failure(self._automaton, tokens, workspace, awaiting)
        while status != PARSED:
            larger = _larger(workspace, status)
            if larger is None:
                return None
            workspace = larger
            status, failed = find_failure(self._automaton, tokens, workspace, awaiting)
        self._release(workspace)
        if failed < 0:
            raise ValueError(f"{text!r} is in the language")
        encoded = text.encode("utf-8", "surrogatepass")
        position = len(encoded[: tokens.starts[failed]].decode("utf-8", "surrogatepass"))
        token = self.grammar.terminals[tokens.ids[failed]] if failed < n_tokens else None
        places = self._automaton.places
        return Failure(position, token, [(int(p), int(k)) for p, k in places[np.flatnonzero(awaiting)]])

    def _workspace(self, n_tokens: int) -> Workspace:
        """A workspace for strings of `n_tokens` tokens: a spare one if it is large enough."""
        try:
            spare = self._spare.pop()
        except IndexError:
            spare = None
        if spare is not None and len(spare.nodes_from) >= n_tokens + 2:
            return spare
        sets = n_tokens + 2
        n_nonterminals = len(self._automaton.nullable)
        return Workspace(
            items=np.empty((1024 + 32 * sets, 6), np.int32),
            nodes=np.empty((1024 + 16 * sets, 6), np.int32),
            item_at=np.empty(sets * self._automaton.n_slots, np.int32),
            node_at=np.empty(sets * n_nonterminals, np.int32),
            awaiting=np.empty(sets * n_nonterminals, np.int32),
            nodes_from=np.empty(sets, np.int32),
            stack=np.empty(1024 + 4 * sets, np.int32),
        )

    def _release(self, workspace: Workspace) -> None:
        """Keeps a workspace for the next string, unless it has grown large."""
        if len(workspace.items) <= MOST_SPARE_ITEMS:
            self._spare.append(workspace)


def _larger(workspace: Workspace, status: int) -> Workspace | None:
    """The workspace with the array that was too small doubled; None beyond `MOST_ITEMS`."""
    name = {ITEMS_FULL: "items", NODES_FULL: "nodes", STACK_FULL: "stack"}[status]
    shape = getattr(workspace, name).shape
    if shape[0] >= MOST_ITEMS:
        return None
    return workspace._replace(**{name: np.empty((2 * shape[0], *shape[1:]), np.int32)})
