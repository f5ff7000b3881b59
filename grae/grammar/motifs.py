"""Motifs: composite productions learned from derivations, for shorter derivations of the same strings.

Byte-pair encoding (Gage, The C Users Journal 12(2), 1994; Sennrich et al., ACL 2016), on trees instead of sequences.
What is counted is an edge of a derivation's tree, as a triple: the production above, which of its nonterminals (the
slot), and the production below. The most frequent triple becomes a motif, a production in its own right: the parent's
right-hand side with the child's in the place of that nonterminal. All its occurrences are fused, and so on. Among
equally frequent triples the smallest goes first.

A node has one parent and at most one child in a slot, so occurrences of one triple overlap only along a chain whose
parent and child are the same production, and there they are fused from the top down: of five nodes in a row, first and
second, third and fourth. A fused pair has a new number, so no triple comes back once it is fused; therefore to apply
motifs in the order in which they were learned, one after the other, gives exactly what learning left.

Fusing deletes the child from the leftmost derivation and renumbers the parent: the rest keeps its order.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numba import njit

from grae.errors import DerivationError, SettingsError
from grae.grammar.cfg import MOST_SYMBOLS
from grae.grammar.codec import Derivations
from grae.grammar.symbols import Motif

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

NOBODY = -1  # no parent, child, sibling, kind or motif
FUSED = -2  # the parent of a node that is part of its former parent
CHUNK = 4096  # derivations that a thread takes at a time
HOLE, END = -1, -2  # in a template: here goes the derivation of a nonterminal; here it ends
_SLOT_BITS = 31
_ID_BITS = 16


def learn_motifs(
    grammar: "Grammar",
    derivations: Derivations,
    n: int,
    *,
    min_count: int = 2,
    sample: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Motif, ...]:
    """Learns motifs: the same ones from the same derivations, whatever their order.

    Memory: about 32 bytes a production of all derivations.

    Args:
        grammar: the grammar of the derivations; `grammar.extend` takes the motifs.
        derivations: complete leftmost derivations.
        n: how many motifs.
        min_count: occurrences that a triple must have; at least 2 is usual, since one saves nothing elsewhere.
        sample: learn from so many of the derivations, drawn at random; from all of them when left out.
        seed: of that draw.
        progress: called after each motif with how many there are and `n`.

    Returns:
        At most `n` motifs in the order of learning, each with its uses; fewer where nothing occurs `min_count` times
        any more.

    Raises:
        SettingsError: `n` is negative or more than two bytes can number.
        DerivationError: ids that are no complete leftmost derivation of the grammar.
    """
    if n < 0 or grammar.n_symbols + n > MOST_SYMBOLS:
        raise SettingsError(
            f"cannot learn {n} motifs: between 0 and {MOST_SYMBOLS - grammar.n_symbols} fit beside {grammar.name}",
            remedy="ask for a number in between",
        )
    if sample is not None and sample < len(derivations):
        chosen = np.random.default_rng(seed).choice(len(derivations), sample, replace=False)
        derivations = derivations[np.sort(chosen)]
    first, last = derivations.offsets[0], derivations.offsets[-1]
    forest = _forest(grammar, derivations.ids[first:last], derivations.offsets - first)
    edges, kinds = _sorted_edges(forest)
    n_children = grammar.tables.n_children.tolist()
    found: list[tuple[int, int, int]] = []
    for motif in range(grammar.n_productions, grammar.n_productions + n):
        kind = _most_frequent(kinds)
        if kind == NOBODY or kinds.counts[kind] < max(min_count, 1):
            break
        parent, slot, child = (int(part) for part in _triple(kinds.keys[kind]))
        found.append((parent, slot, child))
        n_children.append(n_children[parent] + n_children[child] - 1)
        most_new = (n_children[motif] + max(n_children)) * len(n_children)  # as parent in each slot, as child in each
        kinds = _with_room(kinds, min(most_new, len(forest.productions)))
        _fuse_all(forest, edges, kinds, kind, motif)
        if progress is not None:
            progress(len(found), n)
    uses = np.bincount(forest.productions[forest.parents != FUSED], minlength=grammar.n_productions + len(found))
    return tuple(Motif(*triple, uses=int(uses[grammar.n_productions + i])) for i, triple in enumerate(found))


def apply_motifs(grammar: "Grammar", derivations: Derivations, *, n_jobs: int = 1) -> Derivations:
    """Shortens derivations: fuses what the grammar's motifs compose, motif by motif in their order, from the top down.

    Derivations of the base grammar all come out in the one form that `encode` gives, as do those that went through here
    already. A derivation whose motifs stand elsewhere must go through `expand_motifs` first.

    Args:
        grammar: a grammar with motifs; one without leaves the derivations as they are.
        derivations: complete leftmost derivations of the base grammar.
        n_jobs: threads, as joblib counts them.

    Returns:
        Derivations of the same strings in ids of `grammar`.

    Raises:
        DerivationError: ids that are no complete leftmost derivation of the grammar.
    """
    segmenter = Segmenter(grammar)
    return _in_chunks(segmenter.apply, derivations, grammar.dtype, n_jobs)


def expand_motifs(grammar: "Grammar", derivations: Derivations, *, n_jobs: int = 1) -> Derivations:
    """Writes derivations out in productions of the base grammar: what `apply_motifs` undoes.

    Args:
        grammar: a grammar with motifs; one without leaves the derivations as they are.
        derivations: complete leftmost derivations of it.
        n_jobs: threads, as joblib counts them.

    Returns:
        Derivations of the same strings in ids of the base grammar.

    Raises:
        DerivationError: ids that are no complete leftmost derivation of the grammar.
    """
    segmenter = Segmenter(grammar)
    return _in_chunks(segmenter.expand, derivations, (grammar.base or grammar).dtype, n_jobs)


class Segmenter:
    """A grammar's motifs, prepared for the compiled loops; safe to share between threads.

    Args:
        grammar: with motifs or without.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        self._ranks = _Ranks.of(grammar.motifs)
        self._templates = _Templates.of(grammar)

    def apply(self, ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Fuses what the motifs compose.

        Args:
            ids: production ids of complete leftmost derivations, one after the other; any integer type.
            offsets: (rows + 1,) int64, where each begins, from 0.
            first_row: what an error calls the first of them.

        Returns:
            The same of the shorter derivations; ids of the grammar's type.

        Raises:
            DerivationError: ids that are no complete leftmost derivation of the grammar.
        """
        forest = _forest(self.grammar, ids, offsets, first_row)
        _segment(forest, offsets, self._ranks, self.grammar.n_productions - len(self.grammar.motifs))
        out = np.empty(len(ids), self.grammar.dtype)
        out_offsets = np.zeros_like(offsets)
        _write(forest, offsets, out, out_offsets)
        return out[: out_offsets[-1]].copy(), out_offsets

    def expand(self, ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Writes each motif out; arguments, result and errors as in `apply`, the new ids those of the base grammar."""
        ids = _checked(self.grammar, ids, offsets, first_row)
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._templates.sizes[ids])])
        out = np.empty(sums[-1], (self.grammar.base or self.grammar).dtype)
        _expand(ids, self._templates, out)
        return out, sums[offsets]


class _Forest(NamedTuple):
    """The trees of several derivations, as arrays over their nodes in leftmost order, one derivation after the other.

    Attributes:
        productions: (nodes,) int32.
        parents: (nodes,) int32; `NOBODY` for a root, `FUSED` for a node that is part of its former parent.
        slots: (nodes,) int32, which of its parent's nonterminals a node expands.
        first_children: (nodes,) int32.
        next_siblings: (nodes,) int32.
    """

    productions: np.ndarray
    parents: np.ndarray
    slots: np.ndarray
    first_children: np.ndarray
    next_siblings: np.ndarray


class _Edges(NamedTuple):
    """The edges of a forest, each named by its lower node, in a doubly linked list for each kind.

    Attributes:
        kinds: (nodes,) int32, what kind of edge leads to the node.
        before: (nodes,) int32, the edge before it in the list of its kind.
        after: (nodes,) int32.
    """

    kinds: np.ndarray
    before: np.ndarray
    after: np.ndarray


class _Kinds(NamedTuple):
    """The triples met so far, numbered, with a hash table from a triple to its number.

    Attributes:
        keys: (room,) int64, the triples as `_key` packs them, which keeps their order.
        counts: (room,) int32, edges of each kind.
        heads: (room,) int32, the first edge of its list.
        tails: (room,) int32, the last.
        buckets: (a power of two,) int32, open addressing; at most half full.
        n: (1,) int64, how many there are.
    """

    keys: np.ndarray
    counts: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    buckets: np.ndarray
    n: np.ndarray

    @classmethod
    def empty(cls, room: int) -> "_Kinds":
        return cls(
            keys=np.empty(room, np.int64),
            counts=np.zeros(room, np.int32),
            heads=np.full(room, NOBODY, np.int32),
            tails=np.full(room, NOBODY, np.int32),
            buckets=np.full(1 << (2 * room - 1).bit_length(), NOBODY, np.int32),
            n=np.zeros(1, np.int64),
        )


class _Ranks(NamedTuple):
    """A hash table from a triple to its motif's rank, 0 for the first motif.

    Attributes:
        keys: (a power of two,) int64.
        ranks: (the same,) int32; `NOBODY` where the place is free.
    """

    keys: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(cls, motifs: Sequence[Motif]) -> "_Ranks":
        size = 1 << (4 * len(motifs) + 1).bit_length()
        table = cls(np.zeros(size, np.int64), np.full(size, NOBODY, np.int32))
        parts = np.array([(motif.parent, motif.slot, motif.child) for motif in motifs], np.int64).reshape(-1, 3)
        _fill_ranks(table, parts)
        return table


class _Templates(NamedTuple):
    """What each production stands for: its base productions in leftmost order, with a hole for each nonterminal.

    Attributes:
        items: all templates, one after the other, int32; `HOLE` for a hole, `END` after the last.
        offsets: (productions + 1,) int64, where each begins.
        sizes: (productions,) int64, base productions in each.
    """

    items: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, grammar: "Grammar") -> "_Templates":
        n_base = grammar.n_productions - len(grammar.motifs)
        templates = [[p.id, *[HOLE] * len(p.children), END] for p in grammar.productions[:n_base]]
        for motif in grammar.motifs:
            parent, child = templates[motif.parent], templates[motif.child]
            place = [i for i, item in enumerate(parent) if item == HOLE][motif.slot]
            templates.append(parent[:place] + child[:-1] + parent[place + 1 :])
        lengths = [len(template) for template in templates]
        return cls(
            items=np.array([item for template in templates for item in template], np.int32),
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]),
            sizes=np.array([sum(item >= 0 for item in template) for template in templates], np.int64),
        )


def _in_chunks(
    work: Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]],
    derivations: Derivations,
    dtype: np.dtype,
    n_jobs: int,
) -> Derivations:
    """Puts derivations through compiled work, some thousands at a time."""

    def of(begin: int) -> tuple[np.ndarray, np.ndarray]:
        offsets = np.asarray(derivations.offsets[begin : begin + CHUNK + 1], np.int64)
        return work(np.asarray(derivations.ids[offsets[0] : offsets[-1]]), offsets - offsets[0], begin)

    work_of = (delayed(of)(begin) for begin in range(0, len(derivations), CHUNK))
    done = [chunk for chunk in Parallel(n_jobs, prefer="threads")(work_of) if chunk is not None]
    ids = np.concatenate([np.empty(0, dtype), *(ids for ids, _ in done)])
    lengths = np.concatenate([np.zeros(1, np.int64), *(np.diff(offsets) for _, offsets in done)])
    return Derivations(ids, np.cumsum(lengths))


def _checked(grammar: "Grammar", ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> np.ndarray:
    """The ids as int32, known to be complete leftmost derivations.

    Raises:
        DerivationError: they are not.
    """
    tables = grammar.tables
    ids = np.clip(ids, -1, MOST_SYMBOLS).astype(np.int32) if ids.dtype.itemsize > 2 else ids.astype(np.int32)
    row = _first_broken(ids, offsets, tables.start, tables.lhs, tables.children, tables.n_children)
    if row != NOBODY:
        raise DerivationError(
            f"row {first_row + row}: the ids are no complete leftmost derivation of {grammar.name}",
            remedy="encode strings with this very grammar; padding does not belong to a derivation",
        )
    return ids


def _forest(grammar: "Grammar", ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> _Forest:
    """The trees of derivations, which are checked."""
    productions = _checked(grammar, ids, offsets, first_row)
    forest = _Forest(productions, *(np.full(len(productions), NOBODY, np.int32) for _ in range(4)))
    _plant(forest, offsets, grammar.tables.n_children)
    return forest


def _sorted_edges(forest: _Forest) -> tuple[_Edges, _Kinds]:
    """All edges of a forest by their kinds."""
    edges = _Edges(*(np.full(len(forest.productions), NOBODY, np.int32) for _ in range(3)))
    kinds, node = _Kinds.empty(1024), 0
    while node < len(forest.productions):
        kinds = _with_room(kinds, 1024)
        node = _link_from(forest, edges, kinds, node)
    return edges, kinds


def _with_room(kinds: _Kinds, more: int) -> _Kinds:
    """Kinds that can take so many more."""
    n = int(kinds.n[0])
    if n + more <= len(kinds.keys):
        return kinds
    larger = _Kinds.empty(max(n + more, 2 * len(kinds.keys)))
    for name in ("keys", "counts", "heads", "tails", "n"):
        getattr(larger, name)[: len(getattr(kinds, name))] = getattr(kinds, name)
    _fill_buckets(larger)
    return larger


@njit(nogil=True, cache=True)
def _first_broken(ids, offsets, start, lhs, children, n_children):
    """The first row that is no complete leftmost derivation; `NOBODY` where all are."""
    stack = np.empty(64, np.int32)  # nonterminals that wait to be expanded
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


@njit(nogil=True, cache=True)
def _plant(forest, offsets, n_children):
    """Joins the nodes of each derivation to a tree."""
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    waiting = np.empty(longest, np.int32)  # nodes from the root down that lack children
    latest = np.empty(longest, np.int32)  # the last child that each has
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


@njit(nogil=True, cache=True)
def _key(parent, slot, child):
    """A triple as one integer; smaller triples have smaller keys."""
    return (np.int64(parent) << (_SLOT_BITS + _ID_BITS)) | (np.int64(slot) << _ID_BITS) | np.int64(child)


@njit(nogil=True, cache=True)
def _triple(key):
    """The triple that a key packs."""
    parent = key >> (_SLOT_BITS + _ID_BITS)
    slot = (key >> _ID_BITS) & ((1 << _SLOT_BITS) - 1)
    return parent, slot, key & ((1 << _ID_BITS) - 1)


@njit(nogil=True, cache=True)
def _place(key, size):
    """Where in a hash table of `size`, a power of two, to look for a key first (Fibonacci hashing)."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(size - 1))


@njit(nogil=True, cache=True)
def _edge_key(forest, node):
    parent = forest.parents[node]
    return _key(forest.productions[parent], forest.slots[node], forest.productions[node])


@njit(nogil=True, cache=True)
def _fuse(forest, node, motif):
    """Makes a node part of its parent, which gets the motif for its production and the node's children for its own."""
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


@njit(nogil=True, cache=True)
def _most_frequent(kinds):
    """The kind with the most edges, of several the smallest triple; `NOBODY` where there are no kinds."""
    best = NOBODY
    for kind in range(kinds.n[0]):
        more = kinds.counts[kind] - kinds.counts[best] if best != NOBODY else 1
        if more > 0 or (more == 0 and kinds.keys[kind] < kinds.keys[best]):
            best = kind
    return best


@njit(nogil=True, cache=True)
def _number(kinds, key):
    """The number of a kind, a new one if it is met for the first time; there must be room."""
    mask = len(kinds.buckets) - 1
    place = _place(key, len(kinds.buckets))
    while kinds.buckets[place] != NOBODY:
        kind = kinds.buckets[place]
        if kinds.keys[kind] == key:
            return kind
        place = (place + 1) & mask
    kind = np.int32(kinds.n[0])
    kinds.n[0] += 1
    kinds.keys[kind] = key
    kinds.buckets[place] = kind
    return kind


@njit(nogil=True, cache=True)
def _fill_buckets(kinds):
    """Enters all kinds in an empty hash table."""
    mask = len(kinds.buckets) - 1
    for kind in range(kinds.n[0]):
        place = _place(kinds.keys[kind], len(kinds.buckets))
        while kinds.buckets[place] != NOBODY:
            place = (place + 1) & mask
        kinds.buckets[place] = kind


@njit(nogil=True, cache=True)
def _link(forest, edges, kinds, node):
    """Puts the edge to a node at the end of the list of its kind."""
    kind = _number(kinds, _edge_key(forest, node))
    tail = kinds.tails[kind]
    edges.kinds[node] = kind
    edges.before[node] = tail
    edges.after[node] = NOBODY
    if tail == NOBODY:
        kinds.heads[kind] = node
    else:
        edges.after[tail] = node
    kinds.tails[kind] = node
    kinds.counts[kind] += 1


@njit(nogil=True, cache=True)
def _unlink(edges, kinds, node):
    """Takes the edge to a node out of its list."""
    kind, before, after = edges.kinds[node], edges.before[node], edges.after[node]
    if before == NOBODY:
        kinds.heads[kind] = after
    else:
        edges.after[before] = after
    if after == NOBODY:
        kinds.tails[kind] = before
    else:
        edges.before[after] = before
    edges.kinds[node] = NOBODY
    kinds.counts[kind] -= 1


@njit(nogil=True, cache=True)
def _link_from(forest, edges, kinds, node):
    """Links the edges from a node on while there is room for kinds; where it stopped."""
    while node < len(forest.productions) and kinds.n[0] < len(kinds.keys):
        if forest.parents[node] != NOBODY:
            _link(forest, edges, kinds, node)
        node += 1
    return node


@njit(nogil=True, cache=True)
def _child_by(forest, edges, node, kind):
    """The child that an edge of a kind leads to; `NOBODY` where there is none."""
    child = forest.first_children[node]
    while child != NOBODY and edges.kinds[child] != kind:
        child = forest.next_siblings[child]
    return child


@njit(nogil=True, cache=True)
def _fuse_all(forest, edges, kinds, kind, motif):
    """Fuses all edges of a kind and moves the edges around them to their new kinds.

    The lists are in no order that matters: where one edge of a chain is met, the chain is fused from its top.
    """
    while kinds.heads[kind] != NOBODY:
        node = kinds.heads[kind]
        while edges.kinds[forest.parents[node]] == kind:
            node = forest.parents[node]
        while node != NOBODY:  # once, or on a chain for every other edge
            top = forest.parents[node]
            next_top = _child_by(forest, edges, node, kind)
            _unlink(edges, kinds, node)
            _fuse(forest, node, motif)
            child = forest.first_children[top]
            while child != NOBODY:
                _unlink(edges, kinds, child)
                _link(forest, edges, kinds, child)
                child = forest.next_siblings[child]
            if forest.parents[top] != NOBODY:
                _unlink(edges, kinds, top)
                _link(forest, edges, kinds, top)
            node = NOBODY if next_top == NOBODY else _child_by(forest, edges, next_top, kind)


@njit(nogil=True, cache=True)
def _fill_ranks(table, parts):
    """Enters the triples of the motifs, (motifs, 3), in an empty hash table; of two the same the first counts."""
    mask = len(table.keys) - 1
    for rank in range(len(parts)):
        key = _key(parts[rank, 0], parts[rank, 1], parts[rank, 2])
        place = _place(key, len(table.keys))
        while table.ranks[place] != NOBODY and table.keys[place] != key:
            place = (place + 1) & mask
        if table.ranks[place] == NOBODY:
            table.keys[place] = key
            table.ranks[place] = rank


@njit(nogil=True, cache=True)
def _rank(table, key):
    """The rank of the motif that a triple composes; `NOBODY` where it is none."""
    mask = len(table.keys) - 1
    place = _place(key, len(table.keys))
    while table.ranks[place] != NOBODY and table.keys[place] != key:
        place = (place + 1) & mask
    return table.ranks[place]


@njit(nogil=True, cache=True)
def _segment(forest, offsets, table, first_motif):
    """Fuses, in each tree, the edges that compose motifs: lowest rank first, from the top down."""
    ranks = np.full(len(forest.productions), NOBODY, np.int32)  # of the edge to each node
    for row in range(len(offsets) - 1):
        queue = [np.int64(0)]  # rank, then node; an entry holds while the node has that rank
        queue.pop()
        for node in range(offsets[row] + 1, offsets[row + 1]):
            ranks[node] = _rank(table, _edge_key(forest, node))
            if ranks[node] != NOBODY:
                heappush(queue, (np.int64(ranks[node]) << 32) | np.int64(node))
        while len(queue) > 0:
            entry = heappop(queue)
            rank, node = entry >> 32, entry & 0xFFFFFFFF
            if ranks[node] != rank:
                continue
            top = forest.parents[node]
            ranks[node] = NOBODY
            _fuse(forest, node, first_motif + rank)
            child = forest.first_children[top]
            while child != NOBODY:
                ranks[child] = _rank(table, _edge_key(forest, child))
                if ranks[child] != NOBODY:
                    heappush(queue, (np.int64(ranks[child]) << 32) | np.int64(child))
                child = forest.next_siblings[child]
            if forest.parents[top] != NOBODY:
                ranks[top] = _rank(table, _edge_key(forest, top))
                if ranks[top] != NOBODY:
                    heappush(queue, (np.int64(ranks[top]) << 32) | np.int64(top))


@njit(nogil=True, cache=True)
def _write(forest, offsets, out, out_offsets):
    """The leftmost derivations of the trees, one after the other: their nodes as they stand, without the fused ones."""
    n = 0
    for row in range(len(offsets) - 1):
        for node in range(offsets[row], offsets[row + 1]):
            if forest.parents[node] != FUSED:
                out[n] = forest.productions[node]
                n += 1
        out_offsets[row + 1] = n


@njit(nogil=True, cache=True)
def _expand(ids, templates, out):
    """Writes out the templates of derivations, each hole filled by the production that comes next."""
    waiting = np.empty(64, np.int64)  # places in templates where writing goes on
    depth = n = 0
    for production in ids:
        if depth == len(waiting):
            waiting = np.concatenate((waiting, np.empty_like(waiting)))
        waiting[depth] = templates.offsets[production]
        depth += 1
        while depth > 0:
            item = templates.items[waiting[depth - 1]]
            waiting[depth - 1] += 1
            if item == HOLE:
                break
            if item == END:
                depth -= 1
            else:
                out[n] = item
                n += 1
