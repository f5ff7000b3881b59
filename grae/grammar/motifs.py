"""Motifs: composite productions learned from derivations, for shorter derivations of the same strings.

Byte-pair encoding (Gage, The C Users Journal 12(2), 1994; Sennrich et al., ACL 2016), on trees instead of sequences.
The units counted are edges of a derivation tree, as triples: the parent production, which of its nonterminals (the
slot), and the child production. The most frequent triple becomes a motif, a production of its own: the parent's
right-hand side with the child's in place of that nonterminal. All its occurrences are fused, and so on. Ties go to the
smallest triple.

A node has one parent and at most one child in a slot, so occurrences of a triple overlap only along a chain whose
parent and child are the same production; there they are fused from the top down: of five nodes in a row, the first with
the second, the third with the fourth. A fused pair has a new number, so no triple reappears once it is fused; applying
motifs one by one, in the order in which they were learned, therefore gives exactly the result of learning.

Fusing deletes the child from the leftmost derivation and renumbers the parent; the rest keeps its order.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.compilation import compiled
from grae.errors import SettingsError
from grae.grammar.checks import MOST_SYMBOLS
from grae.grammar.codec import Derivations
from grae.grammar.forest import FUSED, NOBODY, Forest, edge_key, forest_of, fuse, place_of, unpacked
from grae.grammar.segmentation import Segmenter, apply_motifs, expand_motifs
from grae.grammar.symbols import Motif

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

__all__ = ["Segmenter", "apply_motifs", "expand_motifs", "learn_motifs"]


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

    Memory: about 32 bytes per production of all derivations.

    Args:
        grammar: the grammar of the derivations; `grammar.extend` takes the motifs.
        derivations: complete leftmost derivations.
        n: number of motifs.
        min_count: minimum number of occurrences of a triple; usually at least 2.
        sample: number of derivations to learn from, drawn at random; by default all.
        seed: seed of that draw.
        progress: called after each motif with the number of motifs learned, and `n`.

    Returns:
        At most `n` motifs in the order of learning, each with its number of uses; fewer if no further triple occurs
        `min_count` times.

    Raises:
        SettingsError: `n` is negative, or the ids do not fit into two bytes.
        DerivationError: a row is not a complete leftmost derivation of the grammar.
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
    forest = forest_of(grammar, derivations.ids[first:last], derivations.offsets - first)
    edges, kinds = _sorted_edges(forest)
    n_children = grammar.tables.n_children.tolist()
    fused: list[tuple[int, int, int]] = []
    for motif in range(grammar.n_productions, grammar.n_productions + n):
        kind = _most_frequent(kinds)
        if kind == NOBODY or kinds.counts[kind] < max(min_count, 1):
            break
        parent, slot, child = (int(part) for part in unpacked(kinds.keys[kind]))
        fused.append((parent, slot, child))
        n_children.append(n_children[parent] + n_children[child] - 1)
        most_new = (n_children[motif] + max(n_children)) * len(n_children)  # as parent in each slot, as child in each
        kinds = _with_room(kinds, min(most_new, len(forest.productions)))
        _fuse_all(forest, edges, kinds, kind, motif)
        if progress is not None:
            progress(len(fused), n)
    uses = np.bincount(forest.productions[forest.parents != FUSED], minlength=grammar.n_productions + len(fused))
    return tuple(Motif(*triple, uses=int(uses[grammar.n_productions + i])) for i, triple in enumerate(fused))


class _Edges(NamedTuple):
    """The edges of a forest, each identified by its lower node, in a doubly linked list per kind.

    Attributes:
        kinds: (nodes,) int32, the kind of the edge to the node.
        before: (nodes,) int32, the preceding edge in the list of its kind.
        after: (nodes,) int32, the following edge.
    """

    kinds: np.ndarray
    before: np.ndarray
    after: np.ndarray


class _Kinds(NamedTuple):
    """The triples seen so far, numbered, with a hash table from triples to numbers.

    Attributes:
        keys: (room,) int64, the triples as packed by `packed`, which preserves their order.
        counts: (room,) int32, number of edges of each kind.
        heads: (room,) int32, the first edge of its list.
        tails: (room,) int32, the last.
        buckets: (a power of two,) int32, open addressing; at most half full.
        n: (1,) int64, the number of triples.
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


def _sorted_edges(forest: Forest) -> tuple[_Edges, _Kinds]:
    """All edges of a forest by their kinds."""
    edges = _Edges(*(np.full(len(forest.productions), NOBODY, np.int32) for _ in range(3)))
    kinds, node = _Kinds.empty(1024), 0
    while node < len(forest.productions):
        kinds = _with_room(kinds, 1024)
        node = _link_from(forest, edges, kinds, node)
    return edges, kinds


def _with_room(kinds: _Kinds, more: int) -> _Kinds:
    """The kinds, with room for `more` further ones."""
    n = int(kinds.n[0])
    if n + more <= len(kinds.keys):
        return kinds
    larger = _Kinds.empty(max(n + more, 2 * len(kinds.keys)))
    for name in ("keys", "counts", "heads", "tails", "n"):
        getattr(larger, name)[: len(getattr(kinds, name))] = getattr(kinds, name)
    _fill_buckets(larger)
    return larger


@compiled()
def _most_frequent(kinds):
    """The kind with the most edges, the smallest triple in a tie; `NOBODY` if there are no kinds."""
    best = NOBODY
    for kind in range(kinds.n[0]):
        more = kinds.counts[kind] - kinds.counts[best] if best != NOBODY else 1
        if more > 0 or (more == 0 and kinds.keys[kind] < kinds.keys[best]):
            best = kind
    return best


@compiled()
def _number(kinds, key):
    """The number of a triple, which is added if it is new; there must be room."""
    mask = len(kinds.buckets) - 1
    place = place_of(key, len(kinds.buckets))
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


@compiled()
def _fill_buckets(kinds):
    """Inserts all kinds into an empty hash table."""
    mask = len(kinds.buckets) - 1
    for kind in range(kinds.n[0]):
        place = place_of(kinds.keys[kind], len(kinds.buckets))
        while kinds.buckets[place] != NOBODY:
            place = (place + 1) & mask
        kinds.buckets[place] = kind


@compiled()
def _link(forest, edges, kinds, node):
    """Appends the edge to a node to the list of its kind."""
    kind = _number(kinds, edge_key(forest, node))
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


@compiled()
def _unlink(edges, kinds, node):
    """Removes the edge to a node from its list."""
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


@compiled()
def _link_from(forest, edges, kinds, node):
    """Links the edges from a node on while there is room for kinds; returns where it stopped."""
    while node < len(forest.productions) and kinds.n[0] < len(kinds.keys):
        if forest.parents[node] != NOBODY:
            _link(forest, edges, kinds, node)
        node += 1
    return node


@compiled()
def _child_by(forest, edges, node, kind):
    """The child that an edge of a kind leads to; `NOBODY` if there is none."""
    child = forest.first_children[node]
    while child != NOBODY and edges.kinds[child] != kind:
        child = forest.next_siblings[child]
    return child


@compiled()
def _fuse_all(forest, edges, kinds, kind, motif):
    """Fuses all edges of a kind, and moves the adjacent edges to their new kinds.

    The order of the lists does not matter: where one edge of a chain is met, the chain is fused from its top.
    """
    while kinds.heads[kind] != NOBODY:
        node = kinds.heads[kind]
        while edges.kinds[forest.parents[node]] == kind:
            node = forest.parents[node]
        while node != NOBODY:  # once, or, on a chain, for every other edge
            top = forest.parents[node]
            next_top = _child_by(forest, edges, node, kind)
            _unlink(edges, kinds, node)
            fuse(forest, node, motif)
            child = forest.first_children[top]
            while child != NOBODY:
                _unlink(edges, kinds, child)
                _link(forest, edges, kinds, child)
                child = forest.next_siblings[child]
            if forest.parents[top] != NOBODY:
                _unlink(edges, kinds, top)
                _link(forest, edges, kinds, top)
            node = NOBODY if next_top == NOBODY else _child_by(forest, edges, next_top, kind)
