"""Strings to compare with: where they are read, and what tells them from all others, so that work on them is kept."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from grae.datasets.readers import Source
from grae.datasets.tables import BLANK_ROW


@dataclass(frozen=True, slots=True)
class Strings:
    """Strings that can be read again and again.

    Attributes:
        name: what messages call them.
        key: hexadecimal digits that no other strings have.
        read: gives them, one after the other.
    """

    name: str
    key: str
    read: Callable[[], Iterable[str]]

    @classmethod
    def of_source(cls, source: Source) -> "Strings":
        """The strings of a file; lines without one are left out."""
        return cls(source.name, digest(source.checksum, json.dumps(source.settings, sort_keys=True)), source.texts)

    @classmethod
    def of_list(cls, name: str, texts: Sequence[str]) -> "Strings":
        """Strings in memory."""
        return cls(name, digest(*texts), lambda: iter(texts))


def samples_of(source: Source) -> list[str]:
    """The strings of a file of samples, where an empty line is a sample too: the empty string.

    Only blank rows of tables are skipped. What is not UTF-8 stays, as no string
    of any language.

    Raises:
        DataError: the file cannot be read.
    """
    with source.open() as reading:
        return [line.text for line in reading if line.fault != BLANK_ROW]


def digest(*parts: str) -> str:
    """sha256 of strings, one after the other, as hexadecimal digits."""
    checksum = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogateescape")
        checksum.update(len(content).to_bytes(8, "little") + content)
    return checksum.hexdigest()


def each(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """A stream of strings in lists of at most `size`."""
    from itertools import islice

    stream = iter(texts)
    while chunk := list(islice(stream, size)):
        yield chunk
