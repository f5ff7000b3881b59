"""The sets of images in the registry, and how their files come here."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from grae.datasets import images
from grae.datasets.images import ImageEntry, fetch_images, find_images, image_entries, image_entry
from grae.errors import DataError

CONTENT = b"what the file holds"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture
def served(tmp_path):
    """A folder, and the address at which a server shows it."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "toy.gz").write_bytes(gzip.compress(CONTENT, mtime=1))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def toy(served, tmp_path, monkeypatch) -> ImageEntry:
    """A registry with one set of images on that server; no cache and no local copies yet."""
    folder, address = served
    packed = hashlib.md5((folder / "toy.gz").read_bytes()).hexdigest()
    file = {
        "file": "toys/toy.gz",
        "checksum": f"md5:{packed}",
        "unpacked": hashlib.sha256(CONTENT).hexdigest(),
        "addresses": [f"{address}/missing.gz", f"{address}/toy.gz"],
    }
    part = {"file": "toys/part.bin", "checksum": f"sha256:{hashlib.sha256(b'part').hexdigest()}"}
    made = ImageEntry.model_validate(
        {
            "name": "toy",
            "description": "nothing to see",
            "licence": "none",
            "format": "idx",
            "editions": [{"images": 2, "files": [file]}, {"images": 1, "files": [part]}],
        }
    )
    monkeypatch.setattr(images, "image_entries", lambda: {"toy": made})
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRAE_DATA_HOME", raising=False)
    return made


def test_every_entry_is_complete():
    assert list(image_entries()) == ["digits", "mnist", "fashion-mnist", "cifar10", "celeba"]
    for known in image_entries().values():
        assert known.description
        assert known.licence
        assert known.address
        for edition in known.editions:
            assert edition.images > 1000
            for file in edition.files:
                kind, _, digest = file.checksum.partition(":")
                assert len(digest) == {"md5": 32, "sha256": 64}[kind]


def test_a_file_is_downloaded_once_and_checked(toy, served):
    assert find_images("toy") is None
    edition, (path,) = fetch_images("toy")
    assert edition.images == 2
    assert gzip.decompress(path.read_bytes()) == CONTENT
    (served[0] / "toy.gz").unlink()
    assert fetch_images("toy") == (edition, (path,))


def test_a_copy_that_was_packed_anew_is_the_same_file(toy, tmp_path, monkeypatch):
    home = tmp_path / "home" / "toys"
    home.mkdir(parents=True)
    (home / "toy.gz").write_bytes(gzip.compress(CONTENT, mtime=2))
    monkeypatch.setenv("GRAE_DATA_HOME", str(tmp_path / "home"))
    assert fetch_images("toy")[1] == (home / "toy.gz",)


def test_a_part_that_is_here_is_taken_before_the_whole_is_fetched(toy, tmp_path, monkeypatch):
    home = tmp_path / "home" / "toys"
    home.mkdir(parents=True)
    (home / "part.bin").write_bytes(b"part")
    monkeypatch.setenv("GRAE_DATA_HOME", str(tmp_path / "home"))
    edition, paths = fetch_images("toy")
    assert (edition.images, paths) == (1, (home / "part.bin",))


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"another"), b"no gzip", gzip.compress(CONTENT)[:-9]],
    ids=["another content", "not gzip", "truncated"],
)
def test_another_file_under_the_name_is_refused(toy, tmp_path, monkeypatch, content):
    home = tmp_path / "home" / "toys"
    home.mkdir(parents=True)
    (home / "toy.gz").write_bytes(content)
    monkeypatch.setenv("GRAE_DATA_HOME", str(tmp_path / "home"))
    with pytest.raises(DataError, match=r"toy\.gz is (not the published file|damaged)"):
        fetch_images("toy")


def test_without_the_server_the_message_says_where_to_put_the_file(toy, served):
    (served[0] / "toy.gz").unlink()
    with pytest.raises(DataError, match="cannot fetch the data set 'toy'") as caught:
        fetch_images("toy")
    assert "toys/toy.gz" in str(caught.value.remedy)


def test_a_set_that_no_program_can_fetch_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GRAE_DATA_HOME", raising=False)
    with pytest.raises(DataError, match="cannot be downloaded by a program") as caught:
        fetch_images("celeba")
    assert "celeba/img_align_celeba.zip" in str(caught.value.remedy)


def test_an_unknown_name_has_a_near_one():
    with pytest.raises(DataError, match="did you mean 'mnist'"):
        image_entry("mnits")


@pytest.mark.parametrize("name", ["mnist", "cifar10", "celeba"])
def test_local_copies_are_the_registrys(data_home, name):
    edition, paths = fetch_images(name)
    assert edition in image_entry(name).editions
    assert all(path.is_relative_to(data_home) for path in paths)
