"""Cuts and joins derivations, compiled: the moves of `grae.grammar.moves`."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.compilation import compiled

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


KINDS = ("subtree", "segment", "regrow", "exchange")


SUBTREE, SEGMENT, REGROW, EXCHANGE = range(len(KINDS))


TRIES = 8


GROWTH = 8
"""Bound on the random number of productions by which a new subtree may exceed the old or the shortest one."""


class Parents(NamedTuple):
    """Derivations that moves start from.

    Attributes:
        ids: (nodes,) int32, the production ids of all derivations, one after the other.
        offsets: (n + 1,) int64, where each begins.
        sizes: (nodes,) int32, the productions of the subtree at each node.
    """

    ids: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1


def subtree_sizes(grammar: "Grammar", ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The productions of the subtree at each node of complete derivations, (nodes,) int32."""
    return _sizes(ids, np.asarray(offsets, np.int64), grammar.tables.n_children)


@compiled()
def _sizes(ids, offsets, n_children):
    sizes = np.ones(len(ids), np.int32)
    for row in range(len(offsets) - 1):
        for node in range(offsets[row + 1] - 1, offsets[row] - 1, -1):
            child = node + 1
            for _ in range(n_children[ids[node]]):
                sizes[node] += sizes[child]
                child += sizes[child]
    return sizes


@compiled()
def _below(rng, n):
    """A random integer from 0 to n - 1."""
    return min(int(rng.random() * n), n - 1)


@compiled()
def _node_of(parents, lhs, nonterminal, row, rng):
    """A uniformly drawn node of a derivation that expands a nonterminal; -1 if there is none."""
    result, seen = -1, 0
    for node in range(parents.offsets[row], parents.offsets[row + 1]):
        if lhs[parents.ids[node]] == nonterminal:
            seen += 1
            if rng.random() * seen < 1.0:
                result = node
    return result


@compiled()
def _descendant_of(parents, lhs, node, rng):
    """A descendant that expands the same nonterminal as a node, close ones more often; -1 if there is none."""
    nonterminal, last = lhs[parents.ids[node]], node + parents.sizes[node]
    n = 0
    for below in range(node + 1, last):
        n += lhs[parents.ids[below]] == nonterminal
    if n == 0:
        return -1
    wanted = int(n * rng.random() ** 3)
    for below in range(node + 1, last):
        if lhs[parents.ids[below]] == nonterminal:
            if wanted == 0:
                return below
            wanted -= 1
    return -1


@compiled()
def _copy(source, first, last, out, size):
    for place in range(first, last):
        out[size] = source[place]
        size += 1
    return size


@compiled()
def _grow(nonterminal, out, size, most, stack, rng, grammar, drawing):
    """Appends a random derivation of a nonterminal, of at most `most` productions; returns the new size, or -1."""
    _, children, n_children, shortest = grammar
    weights, of_nonterminal, begins = drawing
    if shortest[nonterminal] > most:
        return -1
    stack[0] = nonterminal
    depth, owed = 1, shortest[nonterminal]  # owed: minimum number of productions for the stack
    while depth > 0:
        depth -= 1
        symbol = stack[depth]
        owed -= shortest[symbol]
        total, chosen, chosen_least = 0.0, -1, 0
        for place in range(begins[symbol], begins[symbol + 1]):
            production = of_nonterminal[place]
            least = 0
            for slot in range(n_children[production]):
                least += shortest[children[production, slot]]
            if 1 + least + owed <= most:
                total += weights[production]
                if rng.random() * total < weights[production]:
                    chosen, chosen_least = production, least
        if chosen < 0 or depth + n_children[chosen] > len(stack):
            return -1
        out[size] = chosen
        size += 1
        most -= 1
        owed += chosen_least
        for slot in range(n_children[chosen] - 1, -1, -1):
            stack[depth] = children[chosen, slot]
            depth += 1
    return size


@compiled()
def _exchanged(parents, node, out, size, most, stack, rng, grammar, drawing):
    """Appends another production for a node, with the node's subtrees that fit; returns the new size, or -1."""
    lhs, children, n_children, shortest = grammar
    weights, of_nonterminal, begins = drawing
    former = parents.ids[node]
    symbol = lhs[former]
    total, chosen = 0.0, -1
    for place in range(begins[symbol], begins[symbol + 1]):
        production = of_nonterminal[place]
        if production != former:
            weight = np.sqrt(weights[production])  # favors rare productions, most of which fit somewhere
            total += weight
            if rng.random() * total < weight:
                chosen = production
    if chosen < 0:
        return -1
    began = size
    out[size] = chosen
    size += 1
    child, slot_of_child = node + 1, 0
    for slot in range(n_children[chosen]):
        wanted = children[chosen, slot]
        place, number = child, slot_of_child
        while number < n_children[former] and children[former, number] != wanted:
            place += parents.sizes[place]
            number += 1
        if number < n_children[former]:
            if size - began + parents.sizes[place] > most:
                return -1
            size = _copy(parents.ids, place, place + parents.sizes[place], out, size)
            child, slot_of_child = place + parents.sizes[place], number + 1
        else:
            room = min(most - (size - began), shortest[wanted] + _below(rng, GROWTH))
            size = _grow(wanted, out, size, room, stack, rng, grammar, drawing)
            if size < 0:
                return -1
    return size if size - began <= most else -1


@compiled()
def _spliced(parents, kind, row, donor, out, start, most, stack, rng, grammar, drawing):
    """Writes one child after `start`; returns the new size, or -1 if the move is impossible here."""
    ids, offsets, sizes = parents
    lhs = grammar[0]
    first, last = offsets[row], offsets[row + 1]
    node = first + _below(rng, last - first)
    symbol = lhs[ids[node]]
    outside = last - first - sizes[node]  # productions outside the node's subtree
    if outside >= most:
        return -1
    size = _copy(ids, first, node, out, start)
    if kind == SUBTREE:
        given = _node_of(parents, lhs, symbol, donor, rng)
        if given < 0 or outside + sizes[given] > most:
            return -1
        size = _copy(ids, given, given + sizes[given], out, size)
    elif kind == SEGMENT:
        inner, upper, lower = node, -1, -1  # an empty segment of the receiver, none of the donor
        how = rng.random()
        if how < 0.7:  # replace or delete
            inner = _descendant_of(parents, lhs, node, rng)
            if inner < 0:
                return -1
        if how > 0.25:  # replace or insert
            upper = _node_of(parents, lhs, symbol, donor, rng)
            lower = -1 if upper < 0 else _descendant_of(parents, lhs, upper, rng)
            if lower < 0:
                return -1
            if outside + sizes[inner] + sizes[upper] - sizes[lower] > most:
                return -1
            size = _copy(ids, upper, lower, out, size)
        elif outside + sizes[inner] > most:
            return -1
        size = _copy(ids, inner, inner + sizes[inner], out, size)
        if upper >= 0:
            size = _copy(ids, lower + sizes[lower], upper + sizes[upper], out, size)
    elif kind == REGROW:
        room = min(most - outside, sizes[node] + _below(rng, GROWTH))
        size = _grow(symbol, out, size, room, stack, rng, grammar, drawing)
    else:
        size = _exchanged(parents, node, out, size, most - outside, stack, rng, grammar, drawing)
    if size < 0:
        return -1
    return _copy(ids, node + sizes[node], last, out, size)


@compiled()
def spliced_children(parents, receivers, donors, kinds, rng, max_length, grammar, drawing):
    """The children of all pairs, one after the other, and the length of each; 0 if no move was possible."""
    n = len(receivers)
    widest = grammar[1].shape[1]
    room = max_length + 1
    for row in range(len(parents.offsets) - 1):
        room = max(room, parents.offsets[row + 1] - parents.offsets[row] + 1)
    buffer = np.empty(2 * room, np.int32)  # an unfinished child can be too long, by less than a parent
    stack = np.empty(room * max(1, widest) + 1, np.int32)
    out = np.empty(max(64, n * 32), np.int32)
    lengths = np.zeros(n, np.int64)
    filled = 0
    for pair in range(n):
        for _ in range(TRIES):
            size = _spliced(
                parents, kinds[pair], receivers[pair], donors[pair], buffer, 0, max_length, stack, rng, grammar, drawing
            )
            if size > 0:
                if filled + size > len(out):
                    longer = np.empty(2 * (filled + size), np.int32)
                    longer[:filled] = out[:filled]
                    out = longer
                out[filled : filled + size] = buffer[:size]
                filled += size
                lengths[pair] = size
                break
    return out[:filled], lengths
