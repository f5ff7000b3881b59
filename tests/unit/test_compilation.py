"""The cache of compiled functions: used again, but not where a source has changed or the cache cannot be read."""

import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core import config

from grae import compilation

SOURCE = """\
from numba import int64

from grae.compilation import compiled


@compiled()
def lazy(x):
    return x + ADDED


@compiled(int64(int64))
def eager(x):
    return lazy(x) * 2
"""


def index_of_a_moved_class(file: Path) -> bytes:
    """The index as numba writes it, where a class of its signature is in a module that has been moved."""
    pair = b"\x80\x04\x8c\x17grae.grammar.gone_module\x8c\x05Thing\x93."
    return pickle.dumps(numba.__version__) + pair


DAMAGE: dict[str, Callable[[Path], bytes]] = {
    "moved class": index_of_a_moved_class,
    "moved class, of this version": lambda file: file.read_bytes()[: len(version_of(file))] + b"cgrae.gone\nThing\n.",
    "empty": lambda file: b"",
    "cut off": lambda file: file.read_bytes()[:-20],
    "not a pickle": lambda file: b"no pickle",
    "another object": lambda file: file.read_bytes()[: len(version_of(file))] + pickle.dumps(7),
}


def version_of(file: Path) -> bytes:
    """The first object of an index, the version that numba compares before it unpickles the rest."""
    with file.open("rb") as stream:
        pickle.load(stream)  # noqa: S301, written by the test
        return file.read_bytes()[: stream.tell()]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Imports a file with compiled functions, as a new process would."""
    monkeypatch.setattr(config, "CACHE_DIR", "")
    file = tmp_path / "adding.py"

    def imported(added: int = 1) -> Any:
        file.write_text(SOURCE.replace("ADDED", str(added)))
        spec = importlib.util.spec_from_file_location("adding", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return imported


def indices(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.rglob("*.nbi"))


def call_all(module: Any) -> tuple[int, int]:
    return module.lazy(1), module.eager(1)


def hits(module: Any) -> list[int]:
    return [sum(each.stats.cache_hits.values()) for each in (module.lazy, module.eager)]


def test_compiled_functions_are_cached(load: Callable[..., Any], tmp_path: Path):
    assert call_all(load()) == (2, 4)
    assert len(indices(tmp_path)) == 2
    again = load()
    assert call_all(again) == (2, 4)
    assert hits(again) == [1, 1]


def test_another_file_of_the_sources_is_a_reason_to_compile(load: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    call_all(load())
    monkeypatch.setattr(compilation, "sources_hash", lambda: "another")
    again = load()
    assert call_all(again) == (2, 4)
    assert hits(again) == [0, 0]


def test_the_file_of_a_function_is_a_reason_to_compile(load: Callable[..., Any]):
    call_all(load())
    assert call_all(load(added=10)) == (11, 22)


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_index_that_cannot_be_read_is_replaced(damage: str, load: Callable[..., Any], tmp_path: Path):
    call_all(load())
    for file in indices(tmp_path):
        file.write_bytes(DAMAGE[damage](file))
    again = load()
    assert call_all(again) == (2, 4)
    assert hits(again) == [0, 0]
    third = load()
    assert call_all(third) == (2, 4)
    assert hits(third) == [1, 1]


@pytest.mark.parametrize("content", [b"", b"no pickle", None])
def test_machine_code_that_cannot_be_read_is_replaced(content: bytes | None, load: Callable[..., Any], tmp_path: Path):
    call_all(load())
    for file in tmp_path.rglob("*.nbc"):
        file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    assert call_all(load()) == (2, 4)
    third = load()
    assert call_all(third) == (2, 4)
    assert hits(third) == [1, 1]


def test_machine_code_of_another_signature_is_replaced(load: Callable[..., Any], tmp_path: Path):
    """Two processes that compile a function for different arguments at once may write to the same file."""
    first = load()
    assert (first.lazy(1), first.lazy(1.5)) == (2, 2.5)
    of_ints, of_floats = sorted(tmp_path.rglob("*lazy*.nbc"))
    of_ints.write_bytes(of_floats.read_bytes())
    again = load()
    assert (again.lazy(1), again.lazy(1.5)) == (2, 2.5)
    assert isinstance(again.lazy(1), int)
    third = load()
    assert (third.lazy(1), third.lazy(1.5)) == (2, 2.5)
    assert sum(third.lazy.stats.cache_hits.values()) == 2


def test_the_hash_depends_on_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    hashes = set()
    (tmp_path / "room").mkdir()
    files = {"room/a.py": "a", "room/b.py": "b", "alone.py": "c"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(compilation, "PACKAGE", tmp_path)
    monkeypatch.setattr(compilation, "SOURCES", ("room", "alone.py"))
    for name in files:
        compilation.sources_hash.cache_clear()
        hashes.add(compilation.sources_hash())
        (tmp_path / name).write_text("changed")
    compilation.sources_hash.cache_clear()
    hashes.add(compilation.sources_hash())
    compilation.sources_hash.cache_clear()
    assert len(hashes) == 4
