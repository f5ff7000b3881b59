"""Files are whole or absent, whatever the disk does."""

import errno
import json
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grae import files
from grae.errors import RunError

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8).filter(
    lambda name: name != "__metadata__"
)
ARRAYS = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int64, np.float32, np.float64, np.bool_]), hnp.array_shapes(min_dims=0)
)


@contextmanager
def small_files():
    """Lets no file of this process grow beyond 1000 bytes, as a full disk would.

    No fixture: pytest's own output may go to a file, and must not be written under the limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(tensors=st.dictionaries(NAMES, ARRAYS, max_size=4), about=st.dictionaries(st.text(), st.integers() | st.text()))
def test_tensors_come_back_equal(tensors, about, tmp_path: Path):
    files.write_tensors(tmp_path / "a.safetensors", tensors, about)
    found, found_about = files.read_tensors(tmp_path / "a.safetensors")
    assert found_about == about
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_torch_tensors_and_views_are_written_as_they_look(tmp_path):
    weights = torch.arange(12.0).reshape(3, 4)
    files.write_tensors(
        tmp_path / "a", {"turned": weights.T, "param": torch.nn.Parameter(weights), "n": torch.tensor(3)}
    )
    found, _ = files.read_tensors(tmp_path / "a")
    np.testing.assert_array_equal(found["turned"], weights.numpy().T)
    np.testing.assert_array_equal(found["param"], weights.numpy())
    assert found["n"].shape == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    records=st.lists(
        st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.text()), max_size=5
    )
)
def test_lines_come_back_equal(records, tmp_path: Path):
    path = tmp_path / "lines.jsonl"
    path.unlink(missing_ok=True)
    lengths = [files.append_jsonl(path, record) for record in records]
    assert not records or lengths[-1] == path.stat().st_size
    assert not records or files.read_jsonl(path) == records


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_text_comes_back_equal_line_ends_included(text, tmp_path: Path):
    files.write_text(tmp_path / "a.txt", text.replace("\r", "\n"))
    assert files.read_text(tmp_path / "a.txt") == text.replace("\r", "\n")


class TestTornLine:
    def test_is_not_read(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2')
        assert files.read_jsonl(tmp_path / "a.jsonl") == [{"a": 1}]

    @pytest.mark.parametrize("torn", ["", '{"a"', "x" * 10_000])
    def test_is_removed_before_the_next(self, tmp_path, torn):
        (tmp_path / "a.jsonl").write_text('{"a": 1}\n' + torn)
        files.append_jsonl(tmp_path / "a.jsonl", {"a": 2})
        assert files.read_jsonl(tmp_path / "a.jsonl") == [{"a": 1}, {"a": 2}]


class TestFullDisk:
    def test_leaves_the_old_file_and_nothing_else(self, tmp_path):
        path = tmp_path / "a.safetensors"
        files.write_tensors(path, {"x": np.zeros(3)})
        before = path.read_bytes()
        message = r"a\.safetensors could not be written: File too large\n  remedy: free some"
        with pytest.raises(RunError, match=message), small_files():
            files.write_tensors(path, {"x": np.zeros(3000)})
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["a.safetensors"]

    def test_leaves_the_lines_there_are(self, tmp_path):
        path = tmp_path / "a.jsonl"
        files.append_jsonl(path, {"a": "x" * 500})
        before = path.read_bytes()
        with pytest.raises(RunError, match=r"a\.jsonl could not be written"), small_files():
            files.append_jsonl(path, {"a": "x" * 700})
        assert path.read_bytes() == before

    @pytest.mark.parametrize("call", ["replace", "fsync"])
    def test_that_shows_late(self, tmp_path, monkeypatch, call):
        files.write_json(tmp_path / "a.json", 1)

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(f"grae.files.os.{call}", full)
        with pytest.raises(RunError, match="No space left on device"):
            files.write_json(tmp_path / "a.json", 2)
        monkeypatch.undo()
        assert files.read_json(tmp_path / "a.json") == 1
        assert os.listdir(tmp_path) == ["a.json"]

    def test_a_folder_that_is_a_file(self, tmp_path):
        (tmp_path / "run").write_text("")
        with pytest.raises(RunError, match=r"config\.json could not be written"):
            files.write_json(tmp_path / "run" / "config.json", {})


class TestUnreadable:
    READERS = (files.read_text, files.read_json, files.read_jsonl, files.read_tensors)

    @pytest.mark.parametrize("read", READERS)
    def test_missing(self, read, tmp_path):
        with pytest.raises(RunError, match=r"nothing could not be read.*\n  remedy: look elsewhere"):
            read(tmp_path / "nothing", remedy="look elsewhere")

    @pytest.mark.parametrize("read", READERS)
    def test_foreign(self, read, tmp_path):
        (tmp_path / "a").write_bytes(b"\x80\x04\xff\xfe\n")
        with pytest.raises(RunError, match="a is "):
            read(tmp_path / "a")

    @pytest.mark.parametrize("read", [files.read_json, files.read_tensors])
    def test_truncated(self, read, tmp_path):
        path = tmp_path / "a"
        if read is files.read_json:
            files.write_json(path, {"a": [1, 2, 3]})
        else:
            files.write_tensors(path, {"a": np.arange(3)}, {"b": 1})
        whole = path.read_bytes()
        for length in range(len(whole) - 1):
            path.write_bytes(whole[:length])
            with pytest.raises(RunError, match="truncated"):
                read(path)

    def test_a_line_that_is_not_json(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"a": 1}\nb\n{"a": 2}\n')
        with pytest.raises(RunError, match="line 2"):
            files.read_jsonl(tmp_path / "a.jsonl")

    def test_a_header_that_holds_no_object(self, tmp_path):
        from safetensors.numpy import save_file

        save_file({"a": np.zeros(1)}, tmp_path / "a", metadata={"about": "[1]"})
        with pytest.raises(RunError, match="no JSON object"):
            files.read_tensors(tmp_path / "a")
        save_file({"a": np.zeros(1)}, tmp_path / "a")
        assert files.read_tensors(tmp_path / "a")[1] == {}


class TestCut:
    def test_shortens(self, tmp_path):
        (tmp_path / "a").write_text("abcdef")
        files.cut(tmp_path / "a", 4)
        assert (tmp_path / "a").read_text() == "abcd"

    def test_does_not_lengthen(self, tmp_path):
        (tmp_path / "a").write_text("abc")
        with pytest.raises(RunError, match="3 bytes where 4 were written"):
            files.cut(tmp_path / "a", 4)

    def test_an_absent_file_is_empty(self, tmp_path):
        files.cut(tmp_path / "a", 0)
        assert not (tmp_path / "a").exists()


def test_files_get_the_usual_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    files.write_tensors(tmp_path / "a", {"a": np.zeros(1)})
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_is_readable_and_has_no_nan(tmp_path):
    files.write_json(tmp_path / "a.json", {"name": "é", "n": 1})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "é",\n  "n": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", float("nan"))
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["n"] == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_what_is_not_a_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # a device's place would be taken in the same way, by root
    with pytest.raises(RunError, match="it is a device or a pipe"):
        files.write_text(pipe, "x")
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", [".", "..", "folder", "/"])
def test_a_folder_is_not_replaced_by_a_file(tmp_path, monkeypatch, name):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder" if name == ".." else tmp_path)
    with pytest.raises(RunError, match="it is a folder"):
        files.write_text(Path(name), "x")


def test_what_was_begun_is_resumed_unchanged(tmp_path):
    stored = {"seed": 1, "training": {"epochs": 3, "precision": "fp32"}, "layers": [1, 2], "options": {}}
    files.check_unchanged(
        tmp_path, stored, {**stored, "training": {"epochs": 9, "precision": "fp32"}}, {"training.epochs"}
    )
    given = {
        "seed": 2,
        "training": {"epochs": 3, "precision": "bf16"},
        "layers": [1, 2],
        "options": {},
        "new": "x" * 999,
    }
    with pytest.raises(RunError) as raised:
        files.check_unchanged(tmp_path, stored, given, named=lambda name: f"--{name}")
    message = str(raised.value)
    assert message.startswith(
        f"{tmp_path} was started with other settings: --seed (was 1, now 2), --training.precision ("
    )
    assert "precision (was 'fp32', now 'bf16')" in message
    assert "--new (was None, now 'xxx" in message
    assert len(message) < 700
    with pytest.raises(RunError, match=r"holds another experiment: seed \(was 1, now None\)"):
        files.check_unchanged(tmp_path, {"seed": 1}, {}, what="holds another experiment")
