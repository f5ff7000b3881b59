"""Batches of derivations."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grae.grammar.codec import Derivations
from grae.sequence.batches import DerivationBatches


def batches_of(lengths, rows, batch_size, seed=0, **options):
    derivations = Derivations.from_list([np.full(length, length % 7) for length in lengths], np.uint8)
    return DerivationBatches(
        derivations, np.asarray(rows, np.int64), pad=7, batch_size=batch_size, seed=seed, **options
    )


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=200),
    st.integers(1, 20),
    st.integers(0, 5),
    st.integers(0, 5),
    st.data(),
)
def test_an_epoch_has_each_row_once_and_follows_seed_and_epoch(lengths, batch_size, seed, epoch, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, unique=True))
    batches = batches_of(lengths, rows, batch_size, seed)
    found = batches.batches(epoch)
    assert sorted(np.concatenate(found).tolist()) == sorted(rows)
    assert max(map(len, found)) <= batch_size
    again = batches_of(lengths, rows, batch_size, seed).batches(epoch)
    assert [part.tolist() for part in found] == [part.tolist() for part in again]


def test_rows_of_a_batch_are_alike_in_length():
    lengths = np.random.default_rng(0).integers(1, 100, 5000)
    batches = batches_of(lengths, range(5000), 50)
    spreads = [np.ptp(lengths[rows]) for rows in batches.batches(0)]
    assert np.mean(spreads) < 5  # of 100, where random batches have 97
    assert not np.array_equal(batches.batches(0)[0], batches.batches(1)[0])


def test_rows_of_a_batch_are_drawn_from_all_where_they_need_not_be_alike():
    lengths = np.random.default_rng(0).integers(1, 100, 5000)
    found = batches_of(lengths, range(5000), 50, by_length=False).batches(0)
    assert sorted(np.concatenate(found).tolist()) == list(range(5000))
    assert {len(part) for part in found} == {50}
    assert np.mean([np.ptp(lengths[rows]) for rows in found]) > 90


def test_a_batch_is_filled_up_with_the_padding():
    ids = batches_of([2, 3], [0, 1], 2).collate(np.array([1, 0]))["ids"]
    assert ids.tolist() == [[3, 3, 3], [2, 2, 7]]


def test_in_order_gives_each_place_once_from_short_to_long():
    batches = batches_of([5, 1, 9, 3, 2], [4, 0, 2, 1], 2)
    assert [places.tolist() for places in batches.in_order()] == [[3, 0], [1, 2]]
