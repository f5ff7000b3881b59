"""The arrays of the compiled parser: items, nodes, and their back-pointers."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    pass


# An item is a state and the origin of its production; a node is a nonterminal over a span. Both hold back-pointers: the
# item that was advanced (`BEFORE`), the child that it was advanced over (`CHILD`), and where that child begins
# (`MIDDLE`). A node also holds its best production.
KEY, ORIGIN, BEFORE, CHILD, MIDDLE, NEXT = range(6)


STATE, SYMBOL, PRODUCTION = KEY, KEY, NEXT


TERMINAL = -1  # a terminal as a child; nonterminal k over an empty span is -(k + 2)


PARSED, ITEMS_FULL, NODES_FULL, OUT_FULL, STACK_FULL = -1, -2, -3, -4, -5


class Workspace(NamedTuple):
    """Arrays of the compiled parser, never cleared: an entry is valid only if the item or node it refers to matches.

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
