import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.datasets import Split, make_split
from grae.datasets.split import ROWS_AT_ONCE, derivation_hashes
from grae.errors import DataError, RunError, SettingsError
from grae.grammar.codec import Derivations

rows = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=60)


def derivations(lists) -> Derivations:
    return Derivations.from_list(lists, np.uint8)


def many(n: int, seed: int = 0) -> Derivations:
    generator = np.random.default_rng(seed)
    return derivations([generator.integers(0, 50, generator.integers(5, 20)) for _ in range(n)])


@given(rows, st.integers(0, 2**70), st.floats(0, 0.45), st.floats(0, 0.45))
def test_parts_are_disjoint_complete_and_seeded(lists, seed, validation, test):
    data = derivations(lists)
    split = make_split(data, seed=seed, validation=validation, test=test)
    parts = [split.train, split.validation, split.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lists)))
    assert all(part.dtype == np.int64 and (np.diff(part) > 0).all() for part in parts)
    assert len(split) == len(lists)
    again = make_split(data, seed=seed, validation=validation, test=test)
    assert all(np.array_equal(a, b) for a, b in zip(parts, [again.train, again.validation, again.test], strict=True))


@given(rows, st.integers(0, 9), st.randoms(use_true_random=False))
def test_equal_strings_never_straddle_whatever_the_order(lists, seed, order):
    doubled = lists + lists
    order.shuffle(doubled)
    split = make_split(derivations(doubled), seed=seed, validation=0.3, test=0.3)
    strings = [{tuple(doubled[row]) for row in part} for part in (split.train, split.validation, split.test)]
    assert not strings[0] & strings[1]
    assert not strings[0] & strings[2]
    assert not strings[1] & strings[2]


@given(rows, st.integers(0, 9))
def test_each_part_that_was_asked_for_gets_a_string_if_there_are_enough(lists, seed):
    split = make_split(derivations(lists), seed=seed)
    n = len(set(map(tuple, lists)))
    assert len(split.train) > 0
    assert (len(split.validation) > 0) == (n > 1)
    assert (len(split.test) > 0) == (n > 2)
    assert len(make_split(derivations(lists), seed=seed, validation=0, test=0).train) == len(lists)


def test_a_row_keeps_its_part_when_others_come_or_go():
    data = many(2000)
    whole = make_split(data, seed=3, most=None)
    half = make_split(data[:1000], seed=3, most=None)
    assert np.array_equal(half.test, whole.test[whole.test < 1000])
    assert np.array_equal(half.validation, whole.validation[whole.validation < 1000])


def test_shares_seeds_and_the_limit():
    data = many(20_000)
    split = make_split(data, seed=0, validation=0.1, test=0.2)
    assert abs(len(split.validation) - 2000) < 200
    assert abs(len(split.test) - 4000) < 300
    other = make_split(data, seed=1, validation=0.1, test=0.2)
    assert len(np.intersect1d(split.test, other.test)) < 1.3 * 0.2 * 4000
    limited = make_split(data, seed=0, validation=0.1, test=0.2, most=500)
    assert abs(len(limited.validation) - 500) < 100
    assert abs(len(limited.test) - 500) < 100


def test_hashes_depend_on_every_step_and_on_the_order():
    lists = [[1, 2, 3], [3, 2, 1], [1, 2], [1, 2, 3, 0], [0, 1, 2, 3], [1], [0], [0, 0]]
    hashes = derivation_hashes(derivations(lists), 0)
    assert len(set(hashes.tolist())) == len(lists)
    assert not np.array_equal(hashes, derivation_hashes(derivations(lists), 1))


def test_hashes_do_not_depend_on_where_a_piece_ends():
    n = ROWS_AT_ONCE + 7
    one = np.array([4, 2, 9], np.uint8)
    data = Derivations(np.tile(one, n), np.arange(n + 1, dtype=np.int64) * 3)
    assert len(np.unique(derivation_hashes(data, 5))) == 1


def test_a_hash_is_the_same_on_every_machine():
    assert derivation_hashes(derivations([[0], [1, 2, 3]]), 0).tolist() == [4369909649086873817, 15628579948759072470]


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0.1), (0.1, -0.1), (0.5, 0.5), (2, 0)])
def test_impossible_shares(validation, test):
    with pytest.raises(SettingsError, match="leaves nothing to train on, or is negative"):
        make_split(many(10), seed=0, validation=validation, test=test)


def test_saved_and_loaded(tmp_path):
    split = make_split(many(100), seed=0)
    split.save(tmp_path / "split.safetensors")
    loaded = Split.load(tmp_path / "split.safetensors")
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(split, part), getattr(loaded, part))
        assert getattr(loaded, part).dtype == np.int64


def test_files_that_hold_no_split(tmp_path):
    from grae.files import write_tensors

    path = tmp_path / "split.safetensors"
    with pytest.raises(RunError):
        Split.load(path)
    path.write_bytes(b"no split")
    with pytest.raises(RunError):
        Split.load(path)
    write_tensors(path, {"train": np.arange(3)}, about={"format": "other"})
    with pytest.raises(DataError, match="holds no split"):
        Split.load(path)
    Split(np.array([0, 1]), np.array([1]), np.array([3])).save(path)
    with pytest.raises(DataError, match="twice or not at all"):
        Split.load(path)
