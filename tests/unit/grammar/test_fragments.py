"""Fragments of derivations, their counts and the similarity of counts."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.grammar import load_grammar
from grae.grammar.codec import Derivations, encode
from grae.grammar.counting import sample_uniform
from grae.grammar.fragments import fragments
from grae.grammar.sparse_counts import Counts, counted, min_max_and_products

ARITHMETIC = load_grammar("arithmetic")
EXPRESSIONS = Derivations.from_list(sample_uniform(ARITHMETIC, 60, 13, 0), ARITHMETIC.dtype)


def tops(ids: np.ndarray, depth: int) -> Counter:
    """The fragments by the definition: productions, pairs, and the tops of subtrees that are at least so high."""
    tables = ARITHMETIC.tables

    def read(place: int) -> tuple[tuple, int]:
        children, at = [], place + 1
        for _ in range(tables.n_children[ids[place]]):
            child, at = read(at)
            children.append(child)
        return (int(ids[place]), *children), at

    def cut(node: tuple, depth: int) -> tuple:
        return (node[0], *(cut(child, depth - 1) for child in node[1:])) if depth else (node[0],)

    def height(node: tuple) -> int:
        return max((1 + height(child) for child in node[1:]), default=0)

    found: Counter = Counter()

    def walk(node: tuple) -> None:
        for level in range(min(depth, height(node)) + 1):
            found[level, cut(node, level)] += 1
        for slot, child in enumerate(node[1:]):
            found["pair", node[0], slot, child[0]] += 1
            walk(child)

    walk(read(0)[0])
    return found


def test_fragments_are_counted_as_defined():
    found = fragments(ARITHMETIC, EXPRESSIONS, depth=3)
    known: dict[object, int] = {}
    for row, ids in enumerate(EXPRESSIONS):
        expected = tops(ids, 3)
        some = slice(found.offsets[row], found.offsets[row + 1])
        assert sorted(found.counts[some]) == sorted(expected.values())
        assert len(set(found.keys[some].tolist())) == len(expected)
        known |= expected
    assert len(np.unique(found.keys)) == len(known)  # no two fragments share a hash


def test_rows_of_counts():
    counts = counted(np.array([5, 3, 5, 9, 3], np.uint64), np.array([0, 0, 0, 2, 2]), 4)
    assert counts.offsets.tolist() == [0, 2, 2, 4, 4]
    assert counts.keys.tolist() == [3, 5, 3, 9]
    assert counts.counts.tolist() == [1, 2, 1, 1]
    some = counts.rows(np.array([2, 0, 1]))
    assert (some.offsets.tolist(), some.keys.tolist()) == ([0, 2, 4, 4], [3, 9, 3, 5])
    both = Counts.join([counts, some])
    assert len(both) == 7
    np.testing.assert_array_equal(both.rows(np.arange(4, 7)).keys, some.keys)
    assert len(Counts.join([])) == 0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.dictionaries(st.integers(0, 6), st.integers(1, 4), max_size=5), min_size=1, max_size=6))
def test_rows_are_compared_by_min_max_and_by_products(rows: list[dict[int, int]]):
    keys = [key for row in rows for key, count in row.items() for _ in range(count)]
    owners = [number for number, row in enumerate(rows) for count in row.values() for _ in range(count)]
    counts = counted(np.array(keys, np.uint64), np.array(owners, np.int64), len(rows))
    found, products = np.moveaxis(min_max_and_products(counts, counts), -1, 0)
    for one, left in enumerate(rows):
        for other, right in enumerate(rows):
            lesser = sum(min(left.get(key, 0), right.get(key, 0)) for key in range(7))
            greater = sum(max(left.get(key, 0), right.get(key, 0)) for key in range(7))
            assert found[one, other] == (lesser / greater if greater else 1.0)
            assert products[one, other] == sum(left.get(key, 0) * right.get(key, 0) for key in range(7))
    assert np.linalg.eigvalsh(found).min() > -1e-9


def test_similar_expressions_have_similar_fragments():
    texts = ["x+sin(x*x)", "1+x+sin(x*x)", "exp(3)/2"]
    found = fragments(ARITHMETIC, encode(ARITHMETIC, texts).derivations)
    similar = min_max_and_products(found, found)[..., 0]
    assert np.diag(similar).tolist() == [1, 1, 1]
    assert similar[0, 1] > 0.5 > similar[0, 2]
