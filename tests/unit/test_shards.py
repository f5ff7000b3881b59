"""Shards and their parts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DataError, RunError, SettingsError
from grae.files import write_tensors
from grae.shards import Part, Shard, parts_in


@given(st.integers(0, 60), st.integers(1, 7), st.integers(1, 9))
def test_shards_divide_the_blocks_of_a_job(n: int, of: int, size: int):
    whole = dict(Shard().blocks(range(n), size))
    assert [item for block in whole.values() for item in block] == list(range(n))
    divided = [dict(Shard(index, of).blocks(iter(range(n)), size)) for index in range(1, of + 1)]
    merged = {number: block for blocks in divided for number, block in blocks.items()}
    assert merged == whole
    assert sum(map(len, divided)) == len(whole)
    assert max(map(len, divided)) - min(map(len, divided)) <= 1


def test_a_shard_by_its_name():
    assert (Shard.parse("2/8"), str(Shard(2, 8))) == (Shard(2, 8), "2/8")


@pytest.mark.parametrize("text", ["", "2", "0/8", "9/8", "2/0", "-1/2", "1/2/3", "a/b", "1 /2", f"1/{10**7}", "٣/٤"])
def test_what_is_no_shard(text: str):
    with pytest.raises(SettingsError, match="expected i/n"):
        Shard.parse(text)


def written(folder: Path, index: int, of: int = 3, name: str = "", **job: object) -> Path:
    """A part's file; its job has the values of `job`."""
    path = folder / (name or f"{index}.shard")
    given = {"run": "r", "options": {"n": 1}} | job
    Part(path, "encode", Shard(index, of), given, {"n": index}).write({"rows": np.arange(index)})
    return path


def test_parts_come_back_in_order(tmp_path: Path):
    paths = [written(tmp_path, index) for index in (3, 1, 2)]
    parts = parts_in(paths)
    assert [part.shard.index for part in parts.values()] == [1, 2, 3]
    assert [part.about["n"] for part in parts.values()] == [1, 2, 3]
    np.testing.assert_array_equal(parts[paths[0]].arrays("rows")[0], [0, 1, 2])
    with pytest.raises(DataError, match="lacks the array 'sizes'"):
        parts[paths[0]].arrays("rows", "sizes")


def test_a_part_is_found_beside_its_file(tmp_path: Path):
    (tmp_path / "codes.npy").write_bytes(b"")
    written(tmp_path, 1, 1, "codes.npy.shard")
    assert list(parts_in([tmp_path / "codes.npy"])) == [tmp_path / "codes.npy"]


def test_parts_must_be_of_one_job_and_complete(tmp_path: Path):
    one, two, three = (written(tmp_path, index) for index in (1, 2, 3))
    with pytest.raises(DataError, match="2 of the job's 3 parts are named; missing: 2") as missing:
        parts_in([one, three])
    assert "--shard 2/3" in str(missing.value)
    with pytest.raises(DataError, match="named twice"):
        parts_in([one, two, three, one])
    again = written(tmp_path, 2, name="again.shard")
    with pytest.raises(DataError, match="both part 2/3"):
        parts_in([one, two, three, again])
    for wrong, message in (
        (written(tmp_path, 3, name="other.shard", run="s"), r"the weights \(there 'r', here 's'\)"),
        (written(tmp_path, 3, name="options.shard", options={"n": 2}), r"options.n \(there 1, here 2\)"),
        (written(tmp_path, 3, of=4, name="four.shard"), r"n in --shard i/n \(there 3, here 4\)"),
    ):
        with pytest.raises(DataError, match=f"part of another job than .*1.shard: {message}"):
            parts_in([one, two, wrong], lambda name: {"run": "the weights"}.get(name, name))


def test_what_is_no_part(tmp_path: Path):
    with pytest.raises(RunError, match="no such file"):
        parts_in([tmp_path / "nothing"])
    (tmp_path / "text").write_text("text")
    with pytest.raises(RunError, match="not a safetensors file"):
        parts_in([tmp_path / "text"])
    write_tensors(tmp_path / "tensors", {"a": np.zeros(1)}, {"format": "grae part 1", "shard": [1]})
    with pytest.raises(DataError, match="not a part of a job"):
        parts_in([tmp_path / "tensors"])
