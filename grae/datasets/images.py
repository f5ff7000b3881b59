"""The image data sets of `data/registry.toml`, and how their files are obtained; `grae.images` reads the files.

A data set's files are found under `GRAE_DATA_HOME` or in the cache, or downloaded into it. A data set may have several
editions: the whole set, or a part of it that is stored locally. Every file must have the registry's checksum.
"""

import gzip
import hashlib
import tomllib
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from grae.datasets.fetching import download
from grae.datasets.locations import DATA_HOME, cache_home, data_home
from grae.datasets.registry import IMAGES
from grae.errors import DataError, DownloadError
from grae.resources import shipped

CHUNK = 1 << 20
ImageFormat = Literal["digits", "idx", "cifar", "faces"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageFile(_Entry):
    """A file of an image data set.

    Attributes:
        file: its path under `GRAE_DATA_HOME` and in the cache.
        checksum: "md5:..." or "sha256:...", of the downloaded file.
        unpacked: SHA-256 of the decompressed content; if given, a local copy is checked by it, since gzip's header
            differs from mirror to mirror.
        addresses: download addresses, tried in order; empty if it cannot be downloaded.
    """

    file: str
    checksum: str
    unpacked: str | None = None
    addresses: tuple[str, ...] = ()


class Edition(_Entry):
    """One choice of files for a data set: all of it or a part.

    Attributes:
        images: number of images.
        files: in the order expected by the decoder.
    """

    images: int
    files: tuple[ImageFile, ...]


class ImageEntry(_Entry):
    """A named image data set.

    Attributes:
        name: as given to commands.
        description: one line.
        licence: its license, and the licensor.
        format: how its files are decoded.
        editions: the choices of files, in order of preference.
    """

    name: str
    description: str
    licence: str
    format: ImageFormat
    editions: tuple[Edition, ...]

    @property
    def address(self) -> str:
        """Its origin, in brief."""
        files = self.editions[0].files
        if not files:
            return "scikit-learn's own package"
        return files[0].addresses[0] if files[0].addresses else f"by hand: {files[0].file} in {DATA_HOME}"


@cache
def image_entries() -> MappingProxyType[str, ImageEntry]:
    """All named image data sets, in the order of the registry."""
    tables: dict[str, Any] = tomllib.loads((shipped("data") / "registry.toml").read_text(encoding="utf-8"))[IMAGES]
    return MappingProxyType({name: ImageEntry(name=name, **table) for name, table in tables.items()})


def image_entry(name: str) -> ImageEntry:
    """A named image data set.

    Raises:
        DataError: there is none of that name.
    """
    known = image_entries()
    if name not in known:
        raise DataError.unknown("set of images", name, known, otherwise="choose one of these, or give a folder")
    return known[name]


def find_images(name: str) -> tuple[Edition, tuple[Path, ...]] | None:
    """The first edition of a data set whose files are all on this machine, and their paths; checksums are not verified.

    Raises:
        DataError: there is no such data set, or `GRAE_DATA_HOME` is not a folder.
    """
    for edition in image_entry(name).editions:
        files = [find_file(file) for file in edition.files]
        if all(files):
            return edition, tuple(path for path in files if path is not None)
    return None


def fetch_images(name: str, *, progress: Callable[[int, int], None] | None = None) -> tuple[Edition, tuple[Path, ...]]:
    """An edition of an image data set and its files, downloaded if none is on this machine.

    Args:
        name: a name in the registry.
        progress: called during downloads with the number of bytes of a file received, and the total.

    Raises:
        DataError: there is no such data set, it cannot be downloaded, or a file's checksum differs from the registry's.
    """
    local = find_images(name)
    if local is None:
        edition = next((e for e in image_entry(name).editions if all(file.addresses for file in e.files)), None)
        if edition is None:
            raise _by_hand(image_entry(name))
        for file in edition.files:
            if find_file(file) is None:
                place = cache_home() / "data" / file.file
                download(name, file.addresses, file.checksum, place, file.file, progress)
        local = edition, tuple(path for path in map(find_file, edition.files) if path is not None)
    for file, path in zip(local[0].files, local[1], strict=True):
        _verify(name, file, path)
    return local


def find_file(file: ImageFile) -> Path | None:
    """A file under `GRAE_DATA_HOME` or in the cache; None if there is none. Raises DataError as `find_images`."""
    home = data_home()
    places = (
        [cache_home() / "data" / file.file] if home is None else [home / file.file, cache_home() / "data" / file.file]
    )
    return next((place for place in places if place.is_file()), None)


def fetch_file(name: str, file: ImageFile, *, remedy: str, progress: Callable[[int, int], None] | None = None) -> Path:
    """A single file, downloaded if it is not on this machine.

    Args:
        name: its name in messages.
        file: the file.
        remedy: what to do if it cannot be downloaded.
        progress: see `fetch_images`.

    Raises:
        DownloadError: it cannot be downloaded.
        DataError: its checksum differs.
    """
    path = find_file(file)
    if path is None:
        path = cache_home() / "data" / file.file
        try:
            download(name, file.addresses, file.checksum, path, file.file, progress)
        except DownloadError as error:
            reasons = "".join(error.message.splitlines(keepends=True)[1:])
            raise DownloadError(f"{file.file} cannot be downloaded\n{reasons}", remedy=remedy) from None
    _verify(name, file, path)
    return path


def _verify(name: str, file: ImageFile, path: Path) -> None:
    """Raises a DataError if a file is not the registry's."""
    kind, _, wanted = ("sha256", ":", file.unpacked) if file.unpacked else file.checksum.partition(":")
    digest = hashlib.new(kind, usedforsecurity=False)
    remedy = "remove it and run this again, which downloads it again"
    try:
        with gzip.open(path) if file.unpacked else path.open("rb") as opened:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}", remedy=remedy) from None
    except OSError as error:
        raise DataError(f"{path} could not be read: {error.strerror}", remedy="check its permissions") from error
    if digest.hexdigest() != wanted:
        raise DataError(
            f"{path} is not the published file of {name!r}: its {kind} is {digest.hexdigest()}, not {wanted}",
            remedy=remedy,
        )


def _by_hand(wanted: ImageEntry) -> DataError:
    files = " or ".join(", ".join(file.file for file in edition.files) for edition in wanted.editions)
    return DataError(
        f"the set of images {wanted.name!r} cannot be downloaded by a program, and is not on this machine",
        remedy=f"get it from its makers and put {files} into a folder that {DATA_HOME} names, "
        "or give a folder or zip of its pictures as the data",
    )
