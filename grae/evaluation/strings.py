"""Sets of strings, identified by checksum so that computations on them can be cached."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from grae.datasets.readers import Source
from grae.datasets.reading import Line
from grae.datasets.tables import BLANK_ROW


@dataclass(frozen=True, slots=True)
class Strings:
    """A set of strings that can be read repeatedly.

    Attributes:
        name: its name in messages.
        key: checksum, as hexadecimal digits.
        read: returns an iterator over the strings.
    """

    name: str
    key: str
    read: Callable[[], Iterable[str]]

    @classmethod
    def of_source(cls, source: Source) -> "Strings":
        """The strings of a file; empty lines are skipped."""
        return cls(source.name, digest(source.checksum, json.dumps(source.settings, sort_keys=True)), source.texts)

    @classmethod
    def of_list(cls, name: str, texts: Sequence[str]) -> "Strings":
        """Strings in memory."""
        return cls(name, digest(*texts), lambda: iter(texts))


def samples_of(source: Source) -> list[str]:
    """The strings of a file of samples, in which an empty line is a sample: the empty string.

    Only blank rows of tables are skipped. Lines that are not UTF-8 are kept, as strings outside any language.

    Raises:
        DataError: the file cannot be read.
    """
    with source.open() as reading:
        return list(sample_lines(reading))


def sample_lines(reading: Iterable[Line]) -> Iterator[str]:
    """The strings of `samples_of`, as they are read."""
    return (line.text for line in reading if line.fault != BLANK_ROW)


def digest(*parts: str) -> str:
    """SHA-256 of strings, as hexadecimal digits."""
    checksum = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogateescape")
        checksum.update(len(content).to_bytes(8, "little") + content)
    return checksum.hexdigest()


def each(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Strings in lists of at most `size`."""
    from itertools import islice

    stream = iter(texts)
    while chunk := list(islice(stream, size)):
        yield chunk
