"""Folders and zip archives of pictures: cropped to a square, scaled, split, and cached as memory-mapped arrays.

A hash of each file's bytes selects the test part, so that copies of a file are never in both parts; the complete CelebA
keeps its official partition.
"""

import hashlib
import io
import math
import os
import shutil
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grae.datasets.locations import CACHE_HOME, cache_home
from grae.errors import DataError, RunError, shortened
from grae.images.census import Census
from grae.images.decoding import Part
from grae.paths import exists, is_device

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
SIDE = 64  # pixels
FACE = 140 / 178  # side of the center crop as a fraction of an aligned face's width
TEST, MOST_TEST = 0.2, 10_000
CELEBA, CELEBA_TRAINING = 202_599, 182_637  # pictures in all; the official test part starts at the next number
LAYOUT = 3
CENSUS = "census.json"
AHEAD = 256  # pictures read and decoded at a time
EMPTY = np.empty((0, 0, 3), np.uint8)
REMEDY = "delete it, or give a folder or zip of pictures that Pillow can read"


@dataclass(frozen=True)
class Pictures:
    """Pictures in a folder, with its subfolders, or in a zip archive.

    Args:
        path: the folder or archive.
        faces: whether to crop the center of aligned faces (140 of 178 pixels, or in proportion) instead of the largest
            square.

    Raises:
        DataError: there is no such path, or it has fewer than two pictures.
    """

    path: Path
    faces: bool = False

    def __post_init__(self) -> None:
        if not exists(self.path):
            raise DataError(
                f"there is no folder or zip archive {shortened(str(self.path))}", remedy="give one of pictures"
            )
        if is_device(self.path):
            raise DataError(f"{self.path} is a device, not a folder or zip archive", remedy="give one of pictures")
        if not self.path.is_dir() and not zipfile.is_zipfile(self.path):
            raise DataError(f"{self.path} is neither a folder nor a zip archive", remedy="give one of pictures")

    def names(self) -> list[str]:
        """The sorted paths of the pictures."""
        if self.path.is_dir():
            inside = (path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file())
        else:
            with zipfile.ZipFile(self.path) as archive:
                inside = (info.filename for info in archive.infolist() if not info.is_dir())
        names = sorted(name for name in inside if Path(name).suffix.lower() in SUFFIXES and not _is_hidden(name))
        if len(names) < 2:
            pictures = "1 picture" if names else "0 pictures"
            raise DataError(
                f"{self.path} contains {pictures}; expected two or more ({', '.join(sorted(SUFFIXES))})",
                remedy="give a folder or zip of pictures",
            )
        return names

    def contents(self, names: list[str]) -> "Iterator[bytes | Broken]":
        """The bytes of each picture, or why it cannot be read."""
        with ExitStack() as stack:
            archive = None if self.path.is_dir() else stack.enter_context(zipfile.ZipFile(self.path))
            for name in names:
                try:
                    yield (self.path / name).read_bytes() if archive is None else archive.read(name)
                except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
                    yield Broken(f"could not be read: {error}")


class Broken(str):
    """Why a picture cannot be used."""


class Decoded(NamedTuple):
    """A decoded picture: pixels (64, 64, 3) uint8, hash of the file, and original size and mode."""

    pixels: np.ndarray
    hashed: int
    size: tuple[int, int]
    mode: str


def _is_hidden(name: str) -> bool:
    """Whether a path is a hidden or system file, such as `._a.jpg` or `__MACOSX/a.jpg`."""
    return any(part.startswith((".", "__MACOSX")) for part in Path(name).parts)


def load(pictures: Pictures, *, progress: Callable[[float], None] | None = None) -> tuple[Part, Part, Census]:
    """Training and test part of pictures as memory-mapped arrays of 64x64 RGB pixels, decoded once into the cache.

    Pictures that cannot be read are skipped and named in the census; all aligned faces must be readable.

    Args:
        pictures: a folder or archive.
        progress: called with the fraction decoded, unless the arrays are cached.

    Raises:
        DataError: fewer than two pictures can be read, an aligned face cannot be read, all pictures are the same, or
            the cache cannot be written.
    """
    names = pictures.names()
    folder = cache_home() / "images" / _key(pictures, names)
    if not folder.is_dir():
        try:
            _build(folder, pictures, names, progress)
        except OSError as error:
            raise DataError(
                f"cannot write decoded pictures in {folder.parent}: {error.strerror}",
                remedy=f"free some space there, or name another folder with {CACHE_HOME}",
            ) from error
    try:
        census = Census.read(folder / CENSUS)
        train, test = (np.load(folder / f"{part}.npy", mmap_mode="r", allow_pickle=False) for part in ("train", "test"))
    except (OSError, ValueError, TypeError, KeyError, RunError) as error:
        raise DataError(f"{folder} is damaged: {error}", remedy="remove it") from None
    return Part(train, None), Part(test, None), census


def _key(pictures: Pictures, names: list[str]) -> str:
    """The cache key of decoded arrays: path, names, sizes and times of the files, and the crop."""
    digest = hashlib.sha256(f"{LAYOUT} {SIDE} {pictures.faces} {pictures.path.absolute()}".encode())
    for file in [pictures.path / name for name in names] if pictures.path.is_dir() else [pictures.path]:
        state = file.stat()
        digest.update(f"{file}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _build(folder: Path, pictures: Pictures, names: list[str], progress: Callable[[float], None] | None) -> None:
    """Decodes into a temporary folder, which is renamed when it is complete."""
    building = folder.with_name(f".building-{uuid.uuid4().hex}")
    building.mkdir(parents=True)
    try:
        shape = (len(names), SIDE, SIDE, 3)
        images = np.lib.format.open_memmap(building / "all.npy", mode="w+", dtype=np.uint8, shape=shape)
        hashes = np.empty(len(names), np.uint64)
        read: list[Decoded] = []
        broken: dict[str, str] = {}
        for name, decoded in zip(names, _decoded(pictures, names), strict=True):
            if isinstance(decoded, Broken):
                if pictures.faces:
                    raise DataError(f"{pictures.path}: {name} {decoded}", remedy=REMEDY)
                broken[name] = str(decoded)
            else:
                images[len(read)], hashes[len(read)] = decoded.pixels, decoded.hashed
                read.append(decoded._replace(pixels=EMPTY))
            if progress is not None and (len(read) + len(broken)) % AHEAD == 0:
                progress((len(read) + len(broken)) / len(names))
        if len(read) < 2:
            name, why = next(iter(broken.items()))
            raise DataError(
                f"{pictures.path}: {len(broken)} of {len(names)} pictures cannot be read, such as {name}: {why}",
                remedy="give a folder or zip of pictures that Pillow can read",
            )
        is_test = _test_part(hashes[: len(read)], names, pictures)
        Census.of([one.size for one in read], [one.mode for one in read], broken).write(building / CENSUS)
        for part, rows in (("train", np.flatnonzero(~is_test)), ("test", np.flatnonzero(is_test))):
            target = np.lib.format.open_memmap(
                building / f"{part}.npy", mode="w+", dtype=np.uint8, shape=(len(rows), *shape[1:])
            )
            for start in range(0, len(rows), 1024):
                target[start : start + 1024] = images[rows[start : start + 1024]]
            target.flush()
        del images
        (building / "all.npy").unlink()
        if not folder.is_dir():  # another process may have been faster
            os.rename(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _decoded(pictures: Pictures, names: list[str]) -> Iterator[Decoded | Broken]:
    """Each picture in order, or why it cannot be read; decoded in parallel threads."""
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="pictures") as executor:
        contents = pictures.contents(names)
        for start in range(0, len(names), AHEAD):
            batch = names[start : start + AHEAD]
            read = [next(contents) for _ in batch]
            yield from executor.map(lambda data: data if isinstance(data, Broken) else _decode(data, pictures), read)


def _decode(data: bytes, pictures: Pictures) -> Decoded | Broken:
    from PIL import Image, ImageOps, UnidentifiedImageError

    hashed = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
    try:
        with Image.open(io.BytesIO(data)) as opened:
            mode, picture = opened.mode, _rgb(ImageOps.exif_transpose(opened))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        why = "of no known format" if isinstance(error, UnidentifiedImageError) else str(error).replace("\n", " ")
        return Broken(f"is not a picture that Pillow can read: {why if data else 'empty'}")
    width, height = picture.size
    side = min(width, height)
    if pictures.faces:
        side = min(side, round(FACE * width))
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    pixels = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    return Decoded(pixels, hashed, (width, height), mode)


def _rgb(picture: Any) -> Any:
    """Converts a picture of any Pillow mode to RGB with eight bits per channel.

    Transparent pixels are blended with white. Integers of 16 and 32 bits are scaled by the range of their type; floats
    by the first of the ranges 0..1, 0..255 and 0..65535 that contains them.

    Raises:
        ValueError: floats that are negative, not finite, or above 65535.
    """
    from PIL import Image

    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        values = np.asarray(picture).astype(np.float64)
        if not np.isfinite(values).all() or values.min() < 0:
            raise ValueError("it has negative values or NaN; expected 0 for black and positive values")
        tops = {"I": (65535, 2**31 - 1), "F": (1, 255, 65535)}.get(picture.mode, (65535,))
        top = next((top for top in tops if values.max() <= top), None)
        if top is None:
            raise ValueError(f"it has values up to {values.max():g}; expected at most {tops[-1]}")
        return Image.fromarray(np.rint(255 * values / top).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info:
        above = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
    return picture.convert("RGB")


def _test_part(hashes: np.ndarray, names: list[str], pictures: Pictures) -> np.ndarray:
    """The mask of the test part, (n,) bool. Raises DataError: nothing would be left to train on."""
    if pictures.faces and len(names) == CELEBA:
        return np.arange(CELEBA) >= CELEBA_TRAINING
    n_test = min(MOST_TEST, max(1, math.floor(TEST * len(hashes))))
    chosen = hashes <= np.sort(hashes)[n_test - 1]
    if chosen.all():
        raise DataError(
            f"the {len(hashes)} pictures in {pictures.path} are copies of one", remedy="give different ones"
        )
    return chosen
