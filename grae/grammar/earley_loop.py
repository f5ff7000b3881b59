"""The compiled main loop of Earley's algorithm: fills the item sets of a string, and the nodes of its derivations."""

from typing import TYPE_CHECKING

from numba import njit

from grae.compilation import compiled
from grae.grammar.earley_arrays import (
    BEFORE,
    CHILD,
    ITEMS_FULL,
    KEY,
    MIDDLE,
    NEXT,
    NODES_FULL,
    ORIGIN,
    PARSED,
    PRODUCTION,
    STATE,
    SYMBOL,
)
from grae.grammar.earley_derivation import node_over, write_derivation
from grae.grammar.earley_states import DEAD, OPENING
from grae.grammar.tables import NONE

if TYPE_CHECKING:
    pass


@compiled()
def parse_rows(automaton, tokens, row, workspace, out, offsets, failed):
    """Parses rows from `row` on until an array is too small; returns the row reached and the status."""
    while row < tokens.counts.size:
        end = tokens.counts[row]
        status, root = _fill(automaton, tokens, row, end if tokens.broken[row] else NONE, workspace)
        if status < PARSED:
            return row, status
        failed[row] = status
        offsets[row + 1] = offsets[row]
        if status == PARSED:
            length = write_derivation(automaton, workspace, root, end, out[offsets[row] :])
            if length < 0:
                return row, length
            offsets[row + 1] += length
        row += 1
    return row, PARSED


@compiled()
def find_failure(automaton, tokens, workspace, awaiting):
    """Finds the token at which the first row fails, -1 if it does not; marks the states that expect a terminal there.

    Returns:
        The status, `PARSED` or the array that is too small; and the token.
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
    """Finds the items and nodes of one row, set by set.

    At set `stop`, no look-ahead is used; later sets are not filled.

    Returns:
        The token at which no derivation continues, with the last item that expects a terminal there; or `PARSED`, with
        the root; or the status of the array that is too small.
    """
    # Arrays are unpacked from the tuples once, and the loop is one function: passing an array to a helper, above all in
    # a tuple, costs a reference count per call (measured: a parse takes 1.2 to 5 times as long).
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
    item = node = 0  # next to process
    scanned = -1  # last item that awaits the next token; the others follow through NEXT
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
            # Select the item to advance, the child to advance it over, and its new state.
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

            # Advance it: to a new or better item, or, at the end of its production, to a new or better node.
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
    root = node_over(workspace, start, 0, n_tokens)
    return (PARSED, root) if root >= 0 else (n_tokens, -1)


@njit(inline="always")
def _joins_none(awaited, items, awaiting, place, symbol, first_item, item):
    """Links an item to the others of its set that await the same nonterminal; returns whether it is the first."""
    latest = awaiting[place]
    awaiting[place] = item
    is_first = not (first_item <= latest < item and awaited[items[latest, STATE]] == symbol)
    items[item, NEXT] = -1 if is_first else latest
    return is_first


@njit(inline="always")
def _is_no_better(nodes, node, production, begin):
    """Whether a production, with its last child beginning at `begin`, does not improve a node by the parser's rule."""
    best = nodes[node, PRODUCTION]
    return production > best or (production == best and begin <= nodes[node, MIDDLE])


@njit(inline="always")
def _write(rows, row, key, origin, before, child, begin):
    """Writes an item (key: its state) or a node (key: its nonterminal) with its back-pointers."""
    rows[row, KEY] = key
    rows[row, ORIGIN] = origin
    rows[row, BEFORE] = before
    rows[row, CHILD] = child
    rows[row, MIDDLE] = begin
