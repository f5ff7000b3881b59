"""Earley's algorithm over the tokens of strings, compiled: their leftmost derivations by a fixed rule (see `parser`).

Earley (CACM 13(2), 1970) with one token of look-ahead, nullable nonterminals stepped over where they are awaited
(Aycock and Horspool, "Practical Earley Parsing", The Computer Journal 45(6), 2002), and for each nonterminal over each
span only its best way kept. Time is linear in the string's length for the grammars met in practice, left-recursive or
right-recursive; at worst cubic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from grae.compilation import compiled
from grae.grammar.earley_states import CYCLIC, DEAD, OPENING, EarleyStates
from grae.grammar.tables import NONE
from grae.grammar.tokenizer import Tokenizer

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

MOST_ITEMS = 50_000_000  # 2.4 GB of items and nodes; a string that needs more is ambiguous beyond use
MOST_SPARE_ITEMS = 1_000_000  # a workspace that grew beyond is not kept

# An item is a state, reached from where its production began; a node is a nonterminal over a span. Both say how they
# were reached: over `CHILD`, which began at `MIDDLE`, from the item `BEFORE`. A node also has its best production.
KEY, ORIGIN, BEFORE, CHILD, MIDDLE, NEXT = range(6)
STATE, SYMBOL, PRODUCTION = KEY, KEY, NEXT
TERMINAL = -1  # a child that is a terminal; the empty nonterminal k is -(k + 2)
PARSED, ITEMS_FULL, NODES_FULL, OUT_FULL, STACK_FULL = -1, -2, -3, -4, -5


class _Workspace(NamedTuple):
    """Arrays that the compiled parser works in, never cleared: an entry holds if the item or node that it names agrees.

    Attributes:
        items: (items, 6) int32.
        nodes: (nodes, 6) int32.
        item_at: by origin and slot of the state, the item of the current set.
        node_at: by origin and nonterminal, the node that ends at the current set.
        awaiting: by set and nonterminal, the last item there that awaits it; the others follow through `NEXT`.
        nodes_from: (sets + 1,) int32, the first node that ends at each set.
        stack: int32.
    """

    items: np.ndarray
    nodes: np.ndarray
    item_at: np.ndarray
    node_at: np.ndarray
    awaiting: np.ndarray
    nodes_from: np.ndarray
    stack: np.ndarray


@dataclass(frozen=True, slots=True)
class Parsed:
    """The derivations of a batch of strings.

    Attributes:
        ids: (sum of lengths,) of the grammar's dtype, production ids of all derivations, one after the other.
        offsets: (rows + 1,) int64, where each row's begin; a row outside the language has none.
        ok: (rows,) bool, whether each row is in the language.
    """

    ids: np.ndarray
    offsets: np.ndarray
    ok: np.ndarray


class Failure(NamedTuple):
    """Where no derivation of a string goes on.

    Attributes:
        position: index of the character.
        token: the token there; None at the end of the string, or where no terminal begins.
        awaited: production and place of each symbol, a terminal, that derivations await there.
    """

    position: int
    token: str | None
    awaited: list[tuple[int, int]]


class Earley:
    """Parses strings cut into tokens; safe to share between threads.

    Args:
        grammar: any grammar.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        self.tokenizer = Tokenizer(grammar)
        self._automaton = EarleyStates.of(grammar.tables)
        self._spare: list[_Workspace] = []

    def parse_batch(self, texts: Sequence[str]) -> Parsed:
        """The leftmost derivations of several strings, in one compiled loop that holds no interpreter lock."""
        tokens = self.tokenizer.batch(texts)
        longest = int(tokens.counts.max(initial=0))
        offsets = np.zeros(len(texts) + 1, np.int64)
        failed = np.empty(len(texts), np.int64)
        out = np.empty(1024 + 4 * len(tokens.ids), np.promote_types(self.grammar.dtype, np.uint16))
        workspace = self._workspace(longest)
        row = 0
        while row < len(texts):
            row, status = _parse_rows(self._automaton, tokens, row, workspace, out, offsets, failed)
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
        """Where a string leaves the language; None where that cannot be told within `MOST_ITEMS`.

        Raises:
            ValueError: the string is in the language.
        """
        tokens = self.tokenizer.batch([text])
        n_tokens = int(tokens.counts[0])
        workspace = self._workspace(n_tokens)
        awaiting = np.zeros(len(self._automaton.awaited), np.bool_)
        status, failed = _failure(self._automaton, tokens, workspace, awaiting)
        while status != PARSED:
            larger = _larger(workspace, status)
            if larger is None:
                return None
            workspace = larger
            status, failed = _failure(self._automaton, tokens, workspace, awaiting)
        self._release(workspace)
        if failed < 0:
            raise ValueError(f"{text!r} is in the language")
        encoded = text.encode("utf-8", "surrogatepass")
        position = len(encoded[: tokens.starts[failed]].decode("utf-8", "surrogatepass"))
        token = self.grammar.terminals[tokens.ids[failed]] if failed < n_tokens else None
        places = self._automaton.places
        return Failure(position, token, [(int(p), int(k)) for p, k in places[np.flatnonzero(awaiting)]])

    def _workspace(self, n_tokens: int) -> _Workspace:
        """A workspace for strings of so many tokens: a spare one where it is large enough."""
        try:
            spare = self._spare.pop()
        except IndexError:
            spare = None
        if spare is not None and len(spare.nodes_from) >= n_tokens + 2:
            return spare
        sets = n_tokens + 2
        n_nonterminals = len(self._automaton.nullable)
        return _Workspace(
            items=np.empty((1024 + 32 * sets, 6), np.int32),
            nodes=np.empty((1024 + 16 * sets, 6), np.int32),
            item_at=np.empty(sets * self._automaton.n_slots, np.int32),
            node_at=np.empty(sets * n_nonterminals, np.int32),
            awaiting=np.empty(sets * n_nonterminals, np.int32),
            nodes_from=np.empty(sets, np.int32),
            stack=np.empty(1024 + 4 * sets, np.int32),
        )

    def _release(self, workspace: _Workspace) -> None:
        """Keeps a workspace for the next string, unless it grew large."""
        if len(workspace.items) <= MOST_SPARE_ITEMS:
            self._spare.append(workspace)


def _larger(workspace: _Workspace, status: int) -> _Workspace | None:
    """The workspace with what was too small twice as large; None beyond `MOST_ITEMS`."""
    name = {ITEMS_FULL: "items", NODES_FULL: "nodes", STACK_FULL: "stack"}[status]
    shape = getattr(workspace, name).shape
    if shape[0] >= MOST_ITEMS:
        return None
    return workspace._replace(**{name: np.empty((2 * shape[0], *shape[1:]), np.int32)})


@compiled()
def _parse_rows(automaton, tokens, row, workspace, out, offsets, failed):
    """Parses rows from `row` on, until an array is too small. Gives the row it came to, and why it stopped."""
    while row < tokens.counts.size:
        end = tokens.counts[row]
        status, root = _fill(automaton, tokens, row, end if tokens.broken[row] else NONE, workspace)
        if status < PARSED:
            return row, status
        failed[row] = status
        offsets[row + 1] = offsets[row]
        if status == PARSED:
            length = _derivation(automaton, workspace, root, end, out[offsets[row] :])
            if length < 0:
                return row, length
            offsets[row + 1] += length
        row += 1
    return row, PARSED


@compiled()
def _failure(automaton, tokens, workspace, awaiting):
    """Where the first row fails, -1 where it does not; marks the states that await a terminal there.

    Returns:
        `PARSED` or which array is too small; and the token.
    """
    status, _ = _fill(automaton, tokens, 0, tokens.counts[0] if tokens.broken[0] else NONE, workspace)
    failed = status
    if failed >= 0:
        status, waiting = _fill(automaton, tokens, 0, failed, workspace)
    if status < PARSED:
        return status, 0
    if failed >= 0:
        while waiting >= 0:
            awaiting[workspace.items[waiting, STATE]] = True
            waiting = workspace.items[waiting, NEXT]
    return PARSED, failed


@compiled()
def _fill(automaton, tokens, row, stop, workspace):
    """Finds the items and nodes of one row, set after set.

    With `stop` at a set, no look-ahead is used there, and the sets behind it are left out.

    Returns:
        The token at which no derivation goes on, with the last of the items that await a terminal there; or `PARSED`
        with the root; or which array is too small.
    """
    # Arrays are taken out of the tuples once, and the loop is one function: each array passed to a helper in it, in a
    # tuple above all, costs a counted reference a call (measured: a parse takes 1.2 to 5 times as long).
    awaited, after, after_empty = automaton.awaited, automaton.after, automaton.after_empty
    twin, leads_back, slot = automaton.twin, automaton.leads_back, automaton.slot
    accepts, lhs, completes = automaton.accepts, automaton.lhs, automaton.completes
    predicted, predicted_from = automaton.predicted, automaton.predicted_from
    items, nodes = workspace.items, workspace.nodes
    item_at, node_at, awaiting = workspace.item_at, workspace.node_at, workspace.awaiting
    n_nonterminals, n_slots, width = automaton.nullable.size, automaton.n_slots, accepts.shape[1]
    first, n_tokens = tokens.offsets[row], tokens.counts[row]
    start = awaited[OPENING]

    items[0, STATE] = OPENING
    items[0, ORIGIN] = 0
    items[0, BEFORE] = -1
    n_items, n_nodes = 1, 0
    item = node = 0  # the next to look at
    scanned = -1  # the last of the items that await the next token; linked through NEXT
    for end in range(n_tokens + 1):
        ahead = width - 2
        if end == stop:
            ahead = width - 1
        elif end < n_tokens:
            ahead = tokens.ids[first + end]
        first_item, first_node = item, node
        workspace.nodes_from[end] = first_node
        moving, scanned = scanned, -1
        waiting = child = -1
        begin = end - 1
        pending = DEAD
        while True:
            # Which item moves next, over which child, into which state?
            if pending != DEAD:
                state, pending = pending, DEAD
            elif moving >= 0:
                before, state = moving, after[items[moving, STATE]]
                moving = items[moving, NEXT]
            elif waiting >= 0:
                before, state = waiting, after[items[waiting, STATE]]
                if twin[state] != DEAD and (items[waiting, ORIGIN] < begin or not leads_back[items[waiting, STATE]]):
                    pending = twin[state]
                waiting = items[waiting, NEXT]
            elif item < n_items:
                before = item
                item += 1
                symbol = awaited[items[before, STATE]]
                if symbol < 0:
                    items[before, NEXT] = scanned
                    scanned = before
                    continue
                place = end * n_nonterminals + symbol
                if _joins_none(awaited, items, awaiting, place, symbol, first_item, before):
                    place = symbol * width + ahead
                    if n_items + predicted_from[place + 1] - predicted_from[place] > items.shape[0]:
                        return ITEMS_FULL, -1
                    for i in range(predicted_from[place], predicted_from[place + 1]):
                        items[n_items, STATE] = predicted[i]
                        items[n_items, ORIGIN] = end
                        items[n_items, BEFORE] = -1
                        n_items += 1
                state = after_empty[items[before, STATE]]
                child = -symbol - 2
                begin = end
            elif node < n_nodes:
                child = node
                begin = nodes[node, ORIGIN]
                waiting = awaiting[begin * n_nonterminals + nodes[node, SYMBOL]]
                node += 1
                continue
            else:
                break

            # Move it: a new or better item inside a production, or node at its end.
            if not accepts[state, ahead]:
                continue
            origin = items[before, ORIGIN]
            if slot[state] >= 0:
                if n_items == items.shape[0]:
                    return ITEMS_FULL, -1
                place = origin * n_slots + slot[state]
                row = item_at[place]
                known = first_item <= row < n_items and items[row, STATE] == state and items[row, ORIGIN] == origin
                if known and begin <= items[row, MIDDLE]:
                    continue
                if not known:
                    row = n_items
                    item_at[place] = row
                    n_items += 1
                _write(items, row, state, origin, before, child, begin)
            elif origin < end:
                if n_nodes == nodes.shape[0]:
                    return NODES_FULL, -1
                head = lhs[state]
                place = origin * n_nonterminals + head
                row = node_at[place]
                known = first_node <= row < n_nodes and nodes[row, SYMBOL] == head and nodes[row, ORIGIN] == origin
                if known and _is_no_better(nodes, row, completes[state], begin):
                    continue
                if not known:
                    row = n_nodes
                    node_at[place] = row
                    n_nodes += 1
                _write(nodes, row, head, origin, before, child, begin)
                nodes[row, PRODUCTION] = completes[state]
        if end == stop or (end < n_tokens and scanned < 0):
            return end, scanned
    if n_tokens == 0:
        return (PARSED, -start - 2) if automaton.nullable[start] else (0, -1)
    workspace.nodes_from[n_tokens + 1] = n_nodes
    root = _node(workspace, start, 0, n_tokens)
    return (PARSED, root) if root >= 0 else (n_tokens, -1)


@njit(inline="always")
def _joins_none(awaited, items, awaiting, place, symbol, first_item, item):
    """Links an item to those of its set that await the same nonterminal; whether there are none before it."""
    latest = awaiting[place]
    awaiting[place] = item
    is_first = not (first_item <= latest < item and awaited[items[latest, STATE]] == symbol)
    items[item, NEXT] = -1 if is_first else latest
    return is_first


@njit(inline="always")
def _is_no_better(nodes, node, production, begin):
    """Whether a node has a production, or a way to it, that comes first by the parser's rule."""
    best = nodes[node, PRODUCTION]
    return production > best or (production == best and begin <= nodes[node, MIDDLE])


@njit(inline="always")
def _write(rows, row, key, origin, before, child, begin):
    """Writes an item in a state, or a node of a nonterminal, and the way to it."""
    rows[row, KEY] = key
    rows[row, ORIGIN] = origin
    rows[row, BEFORE] = before
    rows[row, CHILD] = child
    rows[row, MIDDLE] = begin


@compiled()
def _node(workspace, symbol, origin, end):
    """The node of a nonterminal over a span; -1 where there is none."""
    for node in range(workspace.nodes_from[end], workspace.nodes_from[end + 1]):
        if workspace.nodes[node, SYMBOL] == symbol and workspace.nodes[node, ORIGIN] == origin:
            return node
    return -1


@compiled()
def _derivation(automaton, workspace, root, end, out):
    """Writes the leftmost derivation below a root: its length; or `OUT_FULL` or `STACK_FULL`."""
    items, nodes, stack = workspace.items, workspace.nodes, workspace.stack
    widest = automaton.rhs.shape[1]
    stack[0] = root
    depth = 1
    length = 0
    while depth > 0:
        if length == out.size:
            return OUT_FULL
        if depth + widest > stack.size:
            return STACK_FULL
        depth -= 1
        child = stack[depth]
        if child < TERMINAL:
            production = automaton.empty[-child - 2]
            for place in range(automaton.rhs_length[production] - 1, -1, -1):
                stack[depth] = -automaton.rhs[production, place] - 2
                depth += 1
        elif nodes[child, PRODUCTION] == CYCLIC:
            step, single = _cycle_step(automaton, workspace, child, end)
            production = automaton.cycle_steps[step, 0]
            for place in range(automaton.rhs_length[production] - 1, -1, -1):
                empty = -automaton.rhs[production, place] - 2
                stack[depth] = single if place == automaton.cycle_steps[step, 1] else empty
                depth += 1
        else:
            production = nodes[child, PRODUCTION]
            item = nodes[child, BEFORE]
            last = nodes[child, CHILD]
            while True:
                if last != TERMINAL:
                    stack[depth] = last
                    depth += 1
                if items[item, BEFORE] < 0:
                    break
                last = items[item, CHILD]
                item = items[item, BEFORE]
        out[length] = production
        length += 1
    return length


@compiled()
def _cycle_step(automaton, workspace, node, last):
    """The first of the fewest steps from a node to one over its span that a proper production derives, and its end."""
    nodes = workspace.nodes
    origin = nodes[node, ORIGIN]
    end = 0
    while workspace.nodes_from[end + 1] <= node and end < last:
        end += 1
    first_step = np.full(
        automaton.nullable.size, -1, np.int32
    )  # by nonterminal: the step that its shortest way begins with
    queue = np.empty(automaton.nullable.size + 1, np.int32)
    queue[0] = nodes[node, SYMBOL]
    first, size = 0, 1
    found = -1
    while found < 0:  # some node over the span has a proper production: the string is derived
        symbol = queue[first]
        for step in range(automaton.cycle_from[symbol], automaton.cycle_from[symbol + 1]):
            below = automaton.cycle_steps[step, 2]
            reached = _node(workspace, below, origin, end)
            if reached >= 0 and first_step[below] < 0:
                first_step[below] = step if first == 0 else first_step[symbol]
                queue[size] = below
                size += 1
                if found < 0 and nodes[reached, PRODUCTION] != CYCLIC:
                    found = first_step[below]
        first += 1
    return found, _node(workspace, automaton.cycle_steps[found, 2], origin, end)
