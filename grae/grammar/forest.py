"""Derivations as trees, for compiled code that fuses their nodes: the basis for learning and applying motifs."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.compilation import compiled
from grae.errors import DerivationError
from grae.grammar.checks import MOST_SYMBOLS

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

NOBODY = -1  # no parent, child or sibling
FUSED = -2  # the parent of a node that was fused into its parent
_SLOT_BITS = 31
_ID_BITS = 16


class Forest(NamedTuple):
    """The trees of several derivations, as arrays over their nodes in leftmost order, one derivation after the other.

    Attributes:
        productions: (nodes,) int32.
        parents: (nodes,) int32; `NOBODY` for a root, `FUSED` for a node that was fused into its parent.
        slots: (nodes,) int32, which of its parent's nonterminals a node expands.
        first_children: (nodes,) int32.
        next_siblings: (nodes,) int32.
    """

    productions: np.ndarray
    parents: np.ndarray
    slots: np.ndarray
    first_children: np.ndarray
    next_siblings: np.ndarray


def validate_derivations(grammar: "Grammar", ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> np.ndarray:
    """The ids as int32, verified to be complete leftmost derivations.

    Raises:
        DerivationError: they are not.
    """
    tables = grammar.tables
    ids = np.clip(ids, -1, MOST_SYMBOLS).astype(np.int32) if ids.dtype.itemsize > 2 else ids.astype(np.int32)
    row = _first_broken(ids, offsets, tables.start, tables.lhs, tables.children, tables.n_children)
    if row != NOBODY:
        raise DerivationError(
            f"row {first_row + row}: the ids are not a complete leftmost derivation of {grammar.name}",
            remedy="encode strings with this very grammar; padding does not belong to a derivation",
        )
    return ids


def forest_of(grammar: "Grammar", ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> Forest:
    """Validates derivations and returns their trees."""
    productions = validate_derivations(grammar, ids, offsets, first_row)
    forest = Forest(productions, *(np.full(len(productions), NOBODY, np.int32) for _ in range(4)))
    _plant(forest, offsets, grammar.tables.n_children)
    return forest


@compiled()
def _first_broken(ids, offsets, start, lhs, children, n_children):
    """The first row that is not a complete leftmost derivation; `NOBODY` if all are."""
    stack = np.empty(64, np.int32)  # nonterminals to expand
    for row in range(len(offsets) - 1):
        stack[0] = start
        depth = 1
        for place in range(offsets[row], offsets[row + 1]):
            production = ids[place]
            if depth == 0 or production < 0 or production >= len(lhs) or lhs[production] != stack[depth - 1]:
                return row
            depth -= 1
            while depth + n_children[production] > len(stack):
                stack = np.concatenate((stack, np.empty_like(stack)))
            for slot in range(n_children[production] - 1, -1, -1):
                stack[depth] = children[production, slot]
                depth += 1
        if depth > 0:
            return row
    return NOBODY


@compiled()
def _plant(forest, offsets, n_children):
    """Links the nodes of each derivation into a tree."""
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    waiting = np.empty(longest, np.int32)  # stack of nodes that lack children
    latest = np.empty(longest, np.int32)  # latest child of each
    for row in range(len(offsets) - 1):
        depth = -1
        for node in range(offsets[row], offsets[row + 1]):
            if depth >= 0:
                parent, sibling = waiting[depth], latest[depth]
                forest.parents[node] = parent
                if sibling == NOBODY:
                    forest.first_children[parent] = node
                    forest.slots[node] = 0
                else:
                    forest.next_siblings[sibling] = node
                    forest.slots[node] = forest.slots[sibling] + 1
                latest[depth] = node
                if forest.slots[node] + 1 == n_children[forest.productions[parent]]:
                    depth -= 1
            if n_children[forest.productions[node]] > 0:
                depth += 1
                waiting[depth] = node
                latest[depth] = NOBODY


@compiled()
def packed(parent, slot, child):
    """A triple as one integer; smaller triples have smaller keys."""
    return (np.int64(parent) << (_SLOT_BITS + _ID_BITS)) | (np.int64(slot) << _ID_BITS) | np.int64(child)


@compiled()
def unpacked(key):
    """The triple of a packed key."""
    parent = key >> (_SLOT_BITS + _ID_BITS)
    slot = (key >> _ID_BITS) & ((1 << _SLOT_BITS) - 1)
    return parent, slot, key & ((1 << _ID_BITS) - 1)


@compiled()
def place_of(key, size):
    """The first bucket for a key in a hash table of `size`, a power of two (Fibonacci hashing)."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(size - 1))


@compiled()
def edge_key(forest, node):
    """The triple of the edge that leads to a node, packed."""
    parent = forest.parents[node]
    return packed(forest.productions[parent], forest.slots[node], forest.productions[node])


@compiled()
def fuse(forest, node, motif):
    """Merges a node into its parent, which takes the motif as its production, and the node's children."""
    parent = forest.parents[node]
    first, after, slot = forest.first_children[node], forest.next_siblings[node], forest.slots[node]
    last, child = NOBODY, first
    while child != NOBODY:
        forest.parents[child] = parent
        forest.slots[child] = slot
        slot += 1
        last, child = child, forest.next_siblings[child]
    if last == NOBODY:
        first = after
    else:
        forest.next_siblings[last] = after
    if forest.first_children[parent] == node:
        forest.first_children[parent] = first
    else:
        before = forest.first_children[parent]
        while forest.next_siblings[before] != node:
            before = forest.next_siblings[before]
        forest.next_siblings[before] = first
    while after != NOBODY:
        forest.slots[after] = slot
        slot += 1
        after = forest.next_siblings[after]
    forest.parents[node] = FUSED
    forest.productions[parent] = motif
