"""Counts of the parts of derivations: productions, pairs, and subtrees, as sparse rows of hashed features.

A feature is the top of a subtree, down to a depth: at depth 0 a production, at depth 1 a production with those of its
children, and so on; in addition, each pair of a production and one child, with the slot of that child. The counts are
thus the Weisfeiler-Lehman subtree features of the derivation tree (Shervashidze et al., JMLR 12, 2011), computed from
the root down, the natural direction for leftmost derivations.
"""

from typing import TYPE_CHECKING

import numpy as np

from grae.compilation import compiled
from grae.grammar.codec import Derivations
from grae.grammar.sparse_counts import Counts, counted
from grae.grammar.splicing import subtree_sizes

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

DEPTH = 3


def fragments(grammar: "Grammar", derivations: Derivations, *, depth: int = DEPTH) -> Counts:
    """The fragments of complete leftmost derivations, one row of counts per derivation.

    Args:
        grammar: the grammar of the derivations.
        derivations: n derivations.
        depth: depth of the largest fragments.
    """
    first = derivations.offsets[0]
    ids = np.ascontiguousarray(derivations.ids[first : derivations.offsets[-1]], np.int32)
    offsets = np.asarray(derivations.offsets - first, np.int64)
    sizes = subtree_sizes(grammar, ids, offsets)
    keys, owners = _fragments(ids, offsets, sizes, grammar.tables.n_children, depth)
    return counted(keys, owners, len(derivations))


@compiled()
def _mixed(one, other):
    """A hash of two 64-bit words (the finalizer of SplitMix64)."""
    word = one * np.uint64(0x9E3779B97F4A7C15) + other + np.uint64(0x632BE59BD9B4E019)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@compiled()
def _fragments(ids, offsets, sizes, n_children, depth):
    """The hash of each fragment, and its row."""
    n = len(ids)
    tops = np.empty((depth + 1, n), np.uint64)
    heights = np.zeros(n, np.int64)
    keys = np.empty(n * (depth + 2), np.uint64)
    owners = np.empty(n * (depth + 2), np.int64)
    filled = 0
    for row in range(len(offsets) - 1):
        for node in range(offsets[row], offsets[row + 1]):
            tops[0, node] = _mixed(np.uint64(1), np.uint64(ids[node]))
            keys[filled], owners[filled] = tops[0, node], row
            filled += 1
        for node in range(offsets[row + 1] - 1, offsets[row] - 1, -1):
            child = node + 1
            for _ in range(n_children[ids[node]]):
                heights[node] = max(heights[node], heights[child] + 1)
                child += sizes[child]
        for level in range(1, depth + 1):
            for node in range(offsets[row], offsets[row + 1]):
                top = tops[level - 1, node]
                child = node + 1
                for slot in range(n_children[ids[node]]):
                    top = _mixed(top, tops[level - 1, child])
                    if level == 1:
                        pair = _mixed(_mixed(tops[0, node], np.uint64(slot + 7)), tops[0, child])
                        if filled == len(keys):
                            keys, owners = np.concatenate((keys, keys)), np.concatenate((owners, owners))
                        keys[filled], owners[filled] = pair, row
                        filled += 1
                    child += sizes[child]
                tops[level, node] = top
                if heights[node] >= level:  # otherwise the whole subtree has been counted
                    if filled == len(keys):
                        keys, owners = np.concatenate((keys, keys)), np.concatenate((owners, owners))
                    keys[filled], owners[filled] = top, row
                    filled += 1
    return keys[:filled], owners[:filled]
