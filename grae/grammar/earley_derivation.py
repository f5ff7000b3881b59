"""Extracts the leftmost derivation of a string from the nodes found by `earley_loop`; compiled."""

from typing import TYPE_CHECKING

import numpy as np

from grae.compilation import compiled
from grae.grammar.earley_arrays import (
    BEFORE,
    CHILD,
    ORIGIN,
    OUT_FULL,
    PRODUCTION,
    STACK_FULL,
    SYMBOL,
    TERMINAL,
)
from grae.grammar.earley_states import CYCLIC

if TYPE_CHECKING:
    pass


@compiled()
def node_over(workspace, symbol, origin, end):
    """The node of a nonterminal over a span; -1 if there is none."""
    for node in range(workspace.nodes_from[end], workspace.nodes_from[end + 1]):
        if workspace.nodes[node, SYMBOL] == symbol and workspace.nodes[node, ORIGIN] == origin:
            return node
    return -1


@compiled()
def write_derivation(automaton, workspace, root, end, out):
    """Writes the leftmost derivation below a root; returns its length, or `OUT_FULL` or `STACK_FULL`."""
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
    """The first step on the shortest path to a node over the same span with a proper production, and where it leads."""
    nodes = workspace.nodes
    origin = nodes[node, ORIGIN]
    end = 0
    while workspace.nodes_from[end + 1] <= node and end < last:
        end += 1
    first_step = np.full(
        automaton.nullable.size, -1, np.int32
    )  # by nonterminal: the first step on the shortest path to it
    queue = np.empty(automaton.nullable.size + 1, np.int32)
    queue[0] = nodes[node, SYMBOL]
    first, size = 0, 1
    found = -1
    while found < 0:  # terminates: the string is derived, so some node over the span has a proper production
        symbol = queue[first]
        for step in range(automaton.cycle_from[symbol], automaton.cycle_from[symbol + 1]):
            below = automaton.cycle_steps[step, 2]
            reached = node_over(workspace, below, origin, end)
            if reached >= 0 and first_step[below] < 0:
                first_step[below] = step if first == 0 else first_step[symbol]
                queue[size] = below
                size += 1
                if found < 0 and nodes[reached, PRODUCTION] != CYCLIC:
                    found = first_step[below]
        first += 1
    return found, node_over(workspace, automaton.cycle_steps[found, 2], origin, end)
