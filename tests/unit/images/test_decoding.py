"""Files of named sets of images as arrays."""

import gzip
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grae.errors import DataError
from grae.images import load_images
from grae.images.data import validate_images
from grae.images.decoding import cifar, idx, read_idx


def as_idx(array: np.ndarray) -> bytes:
    return struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()


def write_idx(path: Path, array: np.ndarray) -> Path:
    path.write_bytes(gzip.compress(as_idx(array)))
    return path


@given(arrays(np.uint8, st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)))
def test_an_idx_file_gives_back_the_array(tmp_path_factory, array):
    path = write_idx(tmp_path_factory.mktemp("idx") / "a.gz", array)
    assert np.array_equal(read_idx(path), array)
    assert read_idx(path).shape == array.shape


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(as_idx(np.zeros((2, 2), np.uint8))[:-1]),
        gzip.compress(as_idx(np.zeros((2, 2), np.uint8))[:6]),
        gzip.compress(b"\0\0\x0d" + as_idx(np.zeros(4, np.uint8))[3:]),
        gzip.compress(as_idx(np.zeros((2, 2), np.uint8)))[:-4],
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path, content):
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.gz"):
        read_idx(tmp_path / "a.gz")


def test_mnist_is_padded_evenly(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (5, 28, 28), dtype=np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    files = [write_idx(tmp_path / f"{k}.gz", array) for k, array in enumerate((images, labels, images[:3], labels[:3]))]
    train, test = idx(files)
    assert train.images.shape == (5, 32, 32, 1)
    assert np.array_equal(train.images[:, 2:-2, 2:-2, 0], images)
    assert np.count_nonzero(train.images) == images.size
    assert train.labels is not None
    assert train.labels.tolist() == [0, 1, 2, 3, 4]
    assert len(test.images) == 3


def test_images_without_their_labels_are_refused(tmp_path):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.zeros(2, np.uint8)
    files = [write_idx(tmp_path / f"{k}.gz", array) for k, array in enumerate((images, labels, images, labels))]
    with pytest.raises(DataError, match="beside labels"):
        idx(files)


def archive(path: Path, batches: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, content in batches.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def batch(rows: np.ndarray, labels: list[int]) -> bytes:
    return pickle.dumps({b"data": rows, b"labels": labels, b"batch_label": b"some"}, protocol=3)


def test_cifar_gives_back_colours_in_place(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    rows = images.transpose(0, 3, 1, 2).reshape(6, -1)
    path = archive(
        tmp_path / "c.tar.gz",
        {
            "data_batch_2": batch(rows[2:4], [2, 3]),
            "data_batch_1": batch(rows[:2], [0, 1]),
            "test_batch": batch(rows[4:], [4, 5]),
            "batches.meta": b"of no interest",
        },
    )
    train, test = cifar([path])
    assert np.array_equal(train.images, images[:4])
    assert np.array_equal(test.images, images[4:])
    assert train.labels is not None
    assert train.labels.tolist() == [0, 1, 2, 3]


class Evil:
    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


def test_a_pickle_that_names_anything_else_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({b"data": Evil(), b"labels": []}, protocol=3)
    path = archive(tmp_path / "c.tar.gz", {"data_batch_1": content, "test_batch": content})
    with pytest.raises(DataError, match="mkdir, which no batch of images needs"):
        cifar([path])
    assert not (tmp_path / "made-by-a-pickle").exists()


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps([1, 2], protocol=3),
        pickle.dumps({b"data": np.zeros((2, 5), np.uint8), b"labels": [1, 2]}, protocol=3),
        pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, protocol=3),
        b"",
        b"\x80\x02}q\x01(U",
    ],
)
def test_a_batch_of_something_else_is_refused(tmp_path, content):
    with pytest.raises(DataError, match="test_batch is not a batch of CIFAR-10"):
        cifar([archive(tmp_path / "c.tar.gz", {"test_batch": content})])


def test_an_archive_without_its_batches_is_refused(tmp_path):
    rows = np.zeros((1, 3072), np.uint8)
    with pytest.raises(DataError, match="lacks"):
        cifar([archive(tmp_path / "c.tar.gz", {"test_batch": batch(rows, [0])})])
    (tmp_path / "d.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="damaged"):
        cifar([tmp_path / "d.tar.gz"])


def test_digits_are_all_there_once(digits):
    assert digits.shape == (8, 8, 1)
    assert (len(digits.train.images), len(digits.test.images)) == (1197, 600)
    assert digits.train.images.max() == 255
    assert np.bincount(digits.test.labels).min() > 40


@pytest.mark.parametrize(
    "array", [np.zeros((2, 8, 8), np.float32), np.zeros((2, 8, 8, 2), np.uint8), np.zeros(3, np.uint8)]
)
def test_other_arrays_are_no_images(array):
    with pytest.raises(DataError, match="images have shape"):
        validate_images(array)


def test_grey_images_may_leave_their_channel_out():
    assert validate_images(np.zeros((2, 8, 8), np.uint8)).shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("name", "train", "test", "shape"),
    [
        ("mnist", 60_000, 10_000, (32, 32, 1)),
        ("cifar10", None, 10_000, (32, 32, 3)),
        ("celeba", None, None, (64, 64, 3)),
    ],
)
def test_real_sets(data_home, name, train, test, shape):
    images = load_images(name)
    assert images.shape == shape
    assert len(images.train.images) == (train or len(images.train.images)) >= 8000
    assert len(images.test.images) == (test or len(images.test.images)) >= 1000
    assert 20 < images.test.images[:1000].mean() < 200
