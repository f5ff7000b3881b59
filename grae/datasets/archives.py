"""Files from gzip and tar archives, streamed."""

import gzip
import tarfile
import zlib
from contextlib import ExitStack
from typing import BinaryIO

from grae.errors import DataError

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError)
"""Exceptions raised by reading a damaged archive."""


def unpacked(raw: BinaryIO, name: str, member: str | None, stack: ExitStack) -> BinaryIO:
    """A file's content: decompressed if it begins like a gzip file, extracted if it looks like a tar archive.

    Args:
        raw: the file.
        name: its name in messages.
        member: member of a tar archive; None for its only file.
        stack: closes the files opened here.

    Raises:
        DataError: there is no such member, several if none is named, or the file is not an archive.
    """
    content: BinaryIO = raw
    if _peek(raw, 2) == b"\x1f\x8b":
        content = stack.enter_context(gzip.GzipFile(fileobj=raw, mode="rb"))  # pyright: ignore[reportAssignmentType]
    if _peek(content, 262)[257:] == b"ustar":
        return _member(content, name, member or _only_file(content, name), stack)
    if member is not None:
        raise DataError(f"{name} is not a tar archive, so it has no member {member!r}", remedy="omit the member")
    return content


def _only_file(content: BinaryIO, name: str) -> str:
    with tarfile.open(fileobj=content, mode="r:") as archive:
        files = [entry.name for entry in archive if entry.isfile()]
    content.seek(0)
    if len(files) != 1:
        raise DataError(
            f"{name} holds {len(files)} files: {', '.join(map(repr, files[:10]))}",
            remedy="unpack it and give the file with the strings",
        )
    return files[0]


def _member(content: BinaryIO, name: str, member: str, stack: ExitStack) -> BinaryIO:
    archive = stack.enter_context(tarfile.open(fileobj=content, mode="r:"))  # noqa: SIM115 - the stack closes it
    seen = []
    for entry in archive:
        file = archive.extractfile(entry) if entry.name == member else None
        if file is not None:
            return file  # pyright: ignore[reportReturnType]
        seen.append(entry.name)
    raise DataError(
        f"{name} has no member {member!r}; it holds {', '.join(map(repr, seen[:10]))}", remedy="name one of these"
    )


def _peek(content: BinaryIO, size: int) -> bytes:
    head = content.read(size)
    content.seek(0)
    return head
