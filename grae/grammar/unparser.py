"""From a leftmost derivation to its string, compiled: a pushdown automaton that writes terminals as bytes."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from grae.compilation import compiled
from grae.errors import DerivationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grae.grammar.cfg import Grammar

COMPLETE, UNKNOWN, MISMATCHED, UNFINISHED, LEFT_OVER = range(5)


class Unparser:
    """Writes the strings of a grammar's leftmost derivations.

    Padding (`grammar.pad`) after a complete derivation is ignored.

    Args:
        grammar: any grammar.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        tables = grammar.tables
        separator = grammar.separator.encode()
        self._behind = len(separator)  # bytes after each terminal, except a string's last one
        spelled = [terminal.encode("utf-8", "surrogatepass") + separator for terminal in grammar.terminals]
        self._spelling = np.frombuffer(b"".join([*spelled, b"\0"]), np.uint8)
        self._spelling_from = np.cumsum([0, *map(len, spelled)])
        written = np.append(
            np.diff(self._spelling_from), 0
        )  # bytes of each terminal; the last entry is for nonterminals
        terminal = np.where(tables.rhs < 0, -tables.rhs.astype(np.int64) - 1, len(spelled))
        self._n_bytes = np.zeros(grammar.n_symbols, np.int64)  # bytes that each production writes itself
        self._n_bytes[: len(terminal)] = written[np.minimum(terminal, len(spelled))].sum(axis=1)

    def unparse(self, ids: "np.ndarray | Sequence[int]") -> str:
        """The string of one leftmost derivation.

        Args:
            ids: production ids, shape (T,).

        Raises:
            DerivationError: the ids are not a complete leftmost derivation.
        """
        ids = np.asarray(ids)
        if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
            raise DerivationError(
                f"a derivation is a vector of whole numbers, not of shape {ids.shape} and type {ids.dtype}",
                remedy="give the ids that grammar.parse returns",
            )
        return self.unparse_batch(ids, np.array([0, ids.size]))[0]

    def unparse_batch(self, ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> list[str]:
        """The strings of several leftmost derivations.

        Args:
            ids: production ids of all derivations, one after the other, any integer type.
            offsets: (rows + 1,), where each row's ids begin in `ids`.
            first_row: index of the first row, for messages.

        Raises:
            DerivationError: the ids of a row are not a complete leftmost derivation; with the row and the step.
        """
        ids = np.ascontiguousarray(ids[offsets[0] : offsets[-1]], np.int64)
        offsets = np.asarray(offsets, np.int64) - offsets[0]
        known = (ids >= 0) & (ids < len(self._n_bytes))
        sizes = np.where(known, self._n_bytes[np.where(known, ids, 0)], 0)
        out = np.empty(int(sizes.sum()), np.uint8)
        out_from = np.zeros(len(offsets), np.int64)
        stack = np.empty((int(np.diff(offsets).max(initial=0)) + 1, 2), np.int32)
        tables = self.grammar.tables
        row, step, status, awaited = _expand(
            (tables.lhs, tables.rhs, tables.rhs_length, self._spelling, self._spelling_from),
            (tables.start, self.grammar.pad),
            ids,
            offsets,
            stack,
            out,
            out_from,
        )
        if status != COMPLETE:
            raise self._error(ids[offsets[row] : offsets[row + 1]], row + first_row, step, status, awaited)
        written, behind = out.tobytes(), self._behind
        bounds = [(first, max(first, last - behind)) for first, last in pairwise(out_from.tolist())]
        if written.isascii():
            whole = written.decode("ascii")
            return [whole[first:last] for first, last in bounds]
        return [written[first:last].decode("utf-8", "surrogatepass") for first, last in bounds]

    def _error(self, ids: np.ndarray, row: int, step: int, status: int, awaited: int) -> DerivationError:
        """The error of a row that is not a derivation: at which step, and why."""
        actual = ""
        if step < len(ids):
            known = 0 <= ids[step] < self.grammar.n_productions
            actual = f"production {ids[step]} '{self.grammar.productions[ids[step]]}'" if known else f"id {ids[step]}"
        symbol = self.grammar.nonterminals[awaited]
        reason = {
            UNKNOWN: f"{actual} is none of the {self.grammar.n_productions} productions",
            MISMATCHED: f"{actual} does not expand {symbol}",
            UNFINISHED: f"the derivation ends before {symbol} is expanded",
            LEFT_OVER: f"{actual} comes after the derivation is complete",
        }[status]
        return DerivationError(
            f"row {row}, step {step}: {reason}",
            remedy=f"give complete leftmost derivations of the grammar {self.grammar.name!r}",
        )


@compiled()
def _expand(grammar, ends, ids, offsets, stack, out, out_from):
    """Expands rows of ids; the stack holds each unfinished production and the position in its right-hand side.

    Returns:
        The row and step at which it stopped, why, and the nonterminal that was to be expanded there.
    """
    lhs, rhs, rhs_length, spelling, spelling_from = grammar
    start, pad = ends
    size = 0
    for row in range(offsets.size - 1):
        step = offsets[row]
        awaited = start
        depth = 0
        while awaited >= 0:
            if step == offsets[row + 1]:
                return row, step - offsets[row], UNFINISHED, awaited
            production = ids[step]
            if production < 0 or production >= lhs.size:
                return row, step - offsets[row], UNKNOWN, awaited
            if lhs[production] != awaited:
                return row, step - offsets[row], MISMATCHED, awaited
            step += 1
            stack[depth, 0] = production
            stack[depth, 1] = 0
            depth += 1
            awaited = -1
            while depth > 0 and awaited < 0:
                production = stack[depth - 1, 0]
                place = stack[depth - 1, 1]
                if place == rhs_length[production]:
                    depth -= 1
                    continue
                stack[depth - 1, 1] += 1
                symbol = rhs[production, place]
                if symbol >= 0:
                    awaited = symbol
                else:
                    for place in range(spelling_from[-symbol - 1], spelling_from[-symbol]):
                        out[size] = spelling[place]
                        size += 1
        while step < offsets[row + 1]:
            if ids[step] != pad:
                return row, step - offsets[row], LEFT_OVER, start
            step += 1
        out_from[row + 1] = size
    return offsets.size - 1, 0, COMPLETE, start
