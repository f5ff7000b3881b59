"""Application of motifs: shortens derivations by a grammar's motifs, and expands them again. See `motifs`."""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from joblib import Parallel, delayed

from grae.compilation import compiled
from grae.grammar.codec import Derivations
from grae.grammar.forest import FUSED, NOBODY, edge_key, forest_of, fuse, packed, place_of, validate_derivations
from grae.grammar.symbols import Motif

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

CHUNK = 4096  # derivations per task of a thread
HOLE, END = -1, -2  # in a template: the place of a nonterminal's derivation; the end


def apply_motifs(grammar: "Grammar", derivations: Derivations, *, n_jobs: int = 1) -> Derivations:
    """Shortens derivations: fuses the productions that each motif composes, motif by motif, from the top down.

    Derivations of the base grammar get the canonical form that `encode` returns; those that have it are unchanged. A
    derivation with motifs in other positions must be expanded by `expand_motifs` first.

    Args:
        grammar: a grammar with motifs; one without leaves the derivations unchanged.
        derivations: complete leftmost derivations of the base grammar.
        n_jobs: number of threads, as in joblib.

    Returns:
        Derivations of the same strings in ids of `grammar`.

    Raises:
        DerivationError: a row is not a complete leftmost derivation of the grammar.
    """
    segmenter = Segmenter(grammar)
    return _in_chunks(segmenter.apply, derivations, grammar.dtype, n_jobs)


def expand_motifs(grammar: "Grammar", derivations: Derivations, *, n_jobs: int = 1) -> Derivations:
    """Expands derivations into productions of the base grammar: the inverse of `apply_motifs`.

    Args:
        grammar: a grammar with motifs; one without leaves the derivations unchanged.
        derivations: complete leftmost derivations of it.
        n_jobs: number of threads, as in joblib.

    Returns:
        Derivations of the same strings in ids of the base grammar.

    Raises:
        DerivationError: a row is not a complete leftmost derivation of the grammar.
    """
    segmenter = Segmenter(grammar)
    return _in_chunks(segmenter.expand, derivations, grammar.plain.dtype, n_jobs)


def base_productions(grammar: "Grammar") -> np.ndarray:
    """The number of base productions that each production stands for, (P,) int64: 1, or more for a motif."""
    return _Templates.of(grammar).sizes


class Segmenter:
    """A grammar's motifs, prepared for the compiled loops; may be shared between threads.

    Args:
        grammar: a grammar with or without motifs.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        self._ranks = _Ranks.of(grammar.motifs)
        self._templates = _Templates.of(grammar)

    def apply(self, ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Fuses the productions that the motifs compose.

        Args:
            ids: production ids of complete leftmost derivations, one after the other; any integer type.
            offsets: (rows + 1,) int64, where each begins, from 0.
            first_row: index of the first row, for messages.

        Returns:
            Ids and offsets of the shorter derivations; ids of the grammar's dtype.

        Raises:
            DerivationError: a row is not a complete leftmost derivation of the grammar.
        """
        forest = forest_of(self.grammar, ids, offsets, first_row)
        _segment(forest, offsets, self._ranks, self.grammar.n_productions - len(self.grammar.motifs))
        out = np.empty(len(ids), self.grammar.dtype)
        out_offsets = np.zeros_like(offsets)
        _write(forest, offsets, out, out_offsets)
        return out[: out_offsets[-1]].copy(), out_offsets

    def pieces(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Segments one derivation into motifs and single productions, with the position of the first part of each.

        Args:
            ids: production ids of a complete leftmost derivation, (T,).

        Returns:
            Ids, and positions in the given derivation, (pieces,) each.

        Raises:
            DerivationError: as in `apply`.
        """
        offsets = np.array([0, len(ids)])
        forest = forest_of(self.grammar, ids, offsets)
        _segment(forest, offsets, self._ranks, self.grammar.n_productions - len(self.grammar.motifs))
        places = np.flatnonzero(forest.parents != FUSED)
        return forest.productions[places], places

    def parts(self, production: int) -> list[int]:
        """The base productions of a production in leftmost order, with `HOLE` for each nonterminal."""
        begin, end = self._templates.offsets[production : production + 2].tolist()
        return self._templates.items[begin : end - 1].tolist()

    def expand(self, ids: np.ndarray, offsets: np.ndarray, first_row: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Expands each motif; arguments, result and errors as in `apply`, with ids of the base grammar."""
        ids = validate_derivations(self.grammar, ids, offsets, first_row)
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._templates.sizes[ids])])
        out = np.empty(sums[-1], self.grammar.plain.dtype)
        _expand(ids, self._templates, out)
        return out, sums[offsets]


class _Ranks(NamedTuple):
    """A hash table from triples to the ranks of their motifs, 0 for the first motif.

    Attributes:
        keys: (a power of two,) int64.
        ranks: (the same,) int32; `NOBODY` in a free bucket.
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
    """The expansion of each production: its base productions in leftmost order, with a hole for each nonterminal.

    Attributes:
        items: all templates, one after the other, int32; `HOLE` for a hole, `END` at the end of each.
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
    """Applies compiled work to derivations in chunks of `CHUNK`, in threads."""

    def of(begin: int) -> tuple[np.ndarray, np.ndarray]:
        offsets = np.asarray(derivations.offsets[begin : begin + CHUNK + 1], np.int64)
        return work(np.asarray(derivations.ids[offsets[0] : offsets[-1]]), offsets - offsets[0], begin)

    work_of = (delayed(of)(begin) for begin in range(0, len(derivations), CHUNK))
    done = [chunk for chunk in Parallel(n_jobs, prefer="threads")(work_of) if chunk is not None]
    ids = np.concatenate([np.empty(0, dtype), *(ids for ids, _ in done)])
    lengths = np.concatenate([np.zeros(1, np.int64), *(np.diff(offsets) for _, offsets in done)])
    return Derivations(ids, np.cumsum(lengths))


@compiled()
def _fill_ranks(table, parts):
    """Inserts the triples of the motifs, (motifs, 3), into an empty hash table; of equal triples, the first counts."""
    mask = len(table.keys) - 1
    for rank in range(len(parts)):
        key = packed(parts[rank, 0], parts[rank, 1], parts[rank, 2])
        place = place_of(key, len(table.keys))
        while table.ranks[place] != NOBODY and table.keys[place] != key:
            place = (place + 1) & mask
        if table.ranks[place] == NOBODY:
            table.keys[place] = key
            table.ranks[place] = rank


@compiled()
def _rank(table, key):
    """The rank of the motif that a triple composes; `NOBODY` if it is none."""
    mask = len(table.keys) - 1
    place = place_of(key, len(table.keys))
    while table.ranks[place] != NOBODY and table.keys[place] != key:
        place = (place + 1) & mask
    return table.ranks[place]


@compiled()
def _segment(forest, offsets, table, first_motif):
    """Fuses, in each tree, the edges that compose motifs: lowest rank first, from the top down."""
    ranks = np.full(len(forest.productions), NOBODY, np.int32)  # rank of the edge to each node
    for row in range(len(offsets) - 1):
        queue = [np.int64(0)]  # rank, then node; an entry is stale if the node's rank has changed
        queue.pop()
        for node in range(offsets[row] + 1, offsets[row + 1]):
            ranks[node] = _rank(table, edge_key(forest, node))
            if ranks[node] != NOBODY:
                heappush(queue, (np.int64(ranks[node]) << 32) | np.int64(node))
        while len(queue) > 0:
            entry = heappop(queue)
            rank, node = entry >> 32, entry & 0xFFFFFFFF
            if ranks[node] != rank:
                continue
            top = forest.parents[node]
            ranks[node] = NOBODY
            fuse(forest, node, first_motif + rank)
            child = forest.first_children[top]
            while child != NOBODY:
                ranks[child] = _rank(table, edge_key(forest, child))
                if ranks[child] != NOBODY:
                    heappush(queue, (np.int64(ranks[child]) << 32) | np.int64(child))
                child = forest.next_siblings[child]
            if forest.parents[top] != NOBODY:
                ranks[top] = _rank(table, edge_key(forest, top))
                if ranks[top] != NOBODY:
                    heappush(queue, (np.int64(ranks[top]) << 32) | np.int64(top))


@compiled()
def _write(forest, offsets, out, out_offsets):
    """The leftmost derivations of the trees, one after the other: their nodes in order, without the fused ones."""
    n = 0
    for row in range(len(offsets) - 1):
        for node in range(offsets[row], offsets[row + 1]):
            if forest.parents[node] != FUSED:
                out[n] = forest.productions[node]
                n += 1
        out_offsets[row + 1] = n


@compiled()
def _expand(ids, templates, out):
    """Writes the templates of derivations, each hole filled by the next production."""
    waiting = np.empty(64, np.int64)  # stack of positions in unfinished templates
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
