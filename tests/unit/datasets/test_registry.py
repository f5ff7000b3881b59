import functools
import gzip
import hashlib
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from grae.datasets import DatasetEntry, default_dataset, entries, entry, fetch, find, open_source, registry, sources
from grae.errors import DataError
from grae.grammar import load_grammar
from grae.grammar.cfg import Grammar

STRINGS = b"CCO\nCCN\n"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args) -> None:
        pass


@pytest.fixture
def served(tmp_path):
    """A folder that a web server of this machine serves, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "toy.txt.gz").write_bytes(gzip.compress(STRINGS, mtime=0))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def toy(served, tmp_path, monkeypatch):
    """A registry with one data set of that server; a cache and no local copies."""
    folder, address = served
    checksum = hashlib.sha256((folder / "toy.txt.gz").read_bytes()).hexdigest()
    made = DatasetEntry.model_validate(
        {
            "name": "toy",
            "description": "two molecules",
            "language": "molecules",
            "grammar": "smiles",
            "strings": 2,
            "licence": "none",
            "sha256": checksum,
            "file": "toys/toy.txt.gz",
            "addresses": [f"{address}/missing.txt.gz", f"{address}/toy.txt.gz"],
            "reader": {"format": "text"},
        }
    )
    monkeypatch.setattr(registry, "entries", lambda: {"toy": made})
    monkeypatch.setattr(sources, "entries", registry.entries)
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRAE_DATA_HOME", raising=False)
    return made


def test_every_entry_is_complete():
    assert {"wehi", "nci", "zinc250k", "moses-train", "expressions", "expressions-published"} <= set(entries())
    for known in entries().values():
        load_grammar(known.grammar)
        assert known.description
        assert known.licence
        assert known.address
        assert (known.made is None) == bool(known.addresses)
        assert known.made is not None or (known.sha256 is not None and len(known.sha256) == 64)
        assert known.made is not None or known.file is not None or known.address.startswith("rdkit:")


def test_default_data_sets():
    assert default_dataset(load_grammar("smiles")) == default_dataset(load_grammar("smiles-gvae")) == "wehi"
    assert default_dataset(load_grammar("arithmetic")) == "expressions"
    with pytest.raises(DataError, match="no data set comes with grammar 'mine'"):
        default_dataset(Grammar.from_text("S -> 'a'", "mine"))


@pytest.mark.parametrize("name", ["wehi", "nci"])
def test_rdkits_own_files(name):
    known = entry(name)
    path = fetch(name)
    assert path == find(name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == known.sha256
    texts = list(open_source(name).texts())
    assert len(texts) == known.strings
    assert all(text and " " not in text and "," not in text for text in texts)


def test_expressions_are_made_once(tmp_path, monkeypatch):
    made = entry("expressions")
    assert made.made is not None
    few = made.model_copy(update={"made": made.made.model_copy(update={"n": 1000})})
    monkeypatch.setattr(registry, "entries", lambda: {"expressions": few})
    monkeypatch.setattr(sources, "entries", registry.entries)
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    assert find("expressions") is None
    path = fetch("expressions")
    content = path.read_bytes()
    texts = list(open_source("expressions").texts())
    assert len(set(texts)) == 1000
    grammar = load_grammar("arithmetic")
    assert all(len(grammar.parse(text)) <= 15 for text in texts)
    before = path.stat().st_mtime_ns
    assert fetch("expressions") == path
    assert path.stat().st_mtime_ns == before
    path.unlink()
    assert fetch("expressions").read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_download_tries_each_address_checks_and_keeps(toy, tmp_path):
    assert find("toy") is None
    seen = []
    path = fetch("toy", progress=lambda come, total: seen.append((come, total)))
    assert path == tmp_path / "cache" / "data" / "toys" / "toy.txt.gz"
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert list(open_source("toy").texts()) == ["CCO", "CCN"]
    assert [entry.name for entry in path.parent.iterdir()] == ["toy.txt.gz"]


def test_a_download_with_another_checksum_is_not_kept(toy, served, tmp_path):
    (served[0] / "toy.txt.gz").write_bytes(b"something else")
    with pytest.raises(DataError, match="cannot fetch the data set 'toy'"):
        fetch("toy")
    assert find("toy") is None


def test_no_network(toy, monkeypatch):
    unreachable = toy.model_copy(update={"addresses": ("http://127.0.0.1:9/toy.txt.gz",)})
    monkeypatch.setattr(registry, "entries", lambda: {"toy": unreachable})
    monkeypatch.setattr(sources, "entries", registry.entries)
    with pytest.raises(DataError, match="cannot fetch the data set 'toy'") as caught:
        fetch("toy")
    assert "http://127.0.0.1:9/toy.txt.gz" in str(caught.value)
    assert "toys/toy.txt.gz" in str(caught.value.remedy)


def test_local_copies_come_first(toy, served, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "toys").mkdir(parents=True)
    (home / "toys" / "toy.txt.gz").write_bytes((served[0] / "toy.txt.gz").read_bytes())
    monkeypatch.setenv("GRAE_DATA_HOME", str(home))
    assert fetch("toy") == home / "toys" / "toy.txt.gz"
    (home / "toys" / "toy.txt.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(DataError, match="is not the data set 'toy': its sha256 is"):
        fetch("toy")
    (home / "toys" / "toy.txt.gz").unlink()
    assert fetch("toy").is_relative_to(tmp_path / "cache")
    monkeypatch.setenv("GRAE_DATA_HOME", str(home / "nowhere"))
    with pytest.raises(DataError, match="GRAE_DATA_HOME names no folder"):
        fetch("toy")


def test_a_file_that_an_installed_package_holds(toy, served, tmp_path, monkeypatch):
    """Used without importing the package; a package of that name with another file is none."""
    held = toy.model_copy(update={"package": "toys_of_a_package/data/toy.txt.gz"})
    monkeypatch.setattr(registry, "entries", lambda: {"toy": held})
    monkeypatch.setattr(sources, "entries", registry.entries)
    assert find("toy") is None
    package = tmp_path / "site" / "toys_of_a_package"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError")
    (package / "data" / "toy.txt.gz").write_bytes((served[0] / "toy.txt.gz").read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert fetch("toy") == find("toy") == package / "data" / "toy.txt.gz"
    (package / "data" / "toy.txt.gz").write_bytes(b"another")
    assert find("toy") is None


def test_a_cache_that_cannot_be_written(toy, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot fetch"):
        fetch("toy")


def test_names_files_and_neither(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("CC\n")
    Path("mine.csv").write_text("a,b\nC,CC\n")
    assert list(open_source("mine").texts()) == ["CC"]
    assert list(open_source("mine.csv", column="b").texts()) == ["CC"]
    assert list(open_source(Path("mine.csv"), column="0").texts()) == ["a", "C"]
    with pytest.raises(DataError, match="'zinc250' is neither a data set nor a file") as caught:
        open_source("zinc250")
    assert "did you mean 'zinc250k'?" in str(caught.value)
    with pytest.raises(DataError, match="no file"):
        open_source("other.csv")
    with pytest.raises(DataError, match="unknown data set 'wehy'"):
        fetch("wehy")


@pytest.mark.parametrize(
    "name", ["zinc250k", "zinc250k-test", "moses-test", "moses-test-scaffolds", "expressions-published"]
)
def test_local_copies_of_the_public_data_sets(name, data_home):
    known = entry(name)
    assert known.file is not None
    if not (data_home / known.file).is_file():
        pytest.skip(f"GRAE_DATA_HOME lacks {known.file}")
    assert sum(1 for _ in open_source(name).texts()) == known.strings
