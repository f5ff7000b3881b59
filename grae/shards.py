"""Jobs divided among machines: shards of the strings, and the parts that each machine writes.

Strings are divided into blocks of fixed size; shard i of n takes the blocks i, i + n, i + 2n, ... So every shard reads
the strings once, as a stream, without counting them first, and gets an equal amount of work even from a sorted file;
each block is computed in the same way whether the job is divided or not.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from grae.errors import DataError, SettingsError, shortened
from grae.files import read_tensors, write_tensors
from grae.nested import flattened

FORMAT = "grae part 1"
SUFFIX = ".shard"
"""Appended to the name of a part's file of strings or codes: the file with what the merge needs to know."""
MOST_SHARDS = 1_000_000
REMEDY = "give the files that the command wrote with --shard, or compute this part again"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """The i-th of n parts of a job.

    Attributes:
        index: i, from 1.
        of: n.
    """

    index: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """A shard as an option names it, such as "2/8".

        Raises:
            SettingsError: it is not two numbers i/n with 1 <= i <= n.
        """
        numbers = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,7})", text)
        index, of = map(int, numbers.groups()) if numbers else (0, 0)
        if not 1 <= index <= of <= MOST_SHARDS:
            raise SettingsError(
                f"shard {shortened(text)!r}; expected i/n with i from 1 to n, and n at most {MOST_SHARDS:,}",
                remedy="write --shard 2/8 for the second of eight parts",
            )
        return cls(index, of)

    def __contains__(self, block: int) -> bool:
        return block % self.of == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def blocks(self, items: Iterable[T], size: int) -> Iterator[tuple[int, list[T]]]:
        """The blocks of this shard with their numbers, from 0.

        Args:
            items: items of the whole job, consumed to the end; those of other shards are dropped.
            size: items per block; the last block may be smaller.
        """
        stream = iter(items)
        for block in count():
            mine = block in self
            chunk = deque(islice(stream, size), maxlen=None if mine else 1)
            if not chunk:
                return
            if mine:
                yield block, list(chunk)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The results of one machine; arrays stay in the file.

    Attributes:
        path: the file.
        verb: the command.
        shard: the shard.
        job: everything that the result of the whole job depends on, as JSON; equal in all parts.
        about: results of the part, as JSON.
    """

    path: Path
    verb: str
    shard: Shard
    job: Mapping[str, Any]
    about: Mapping[str, Any]

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes the part to its file with arrays by name, atomically.

        Raises:
            RunError: the file cannot be written.
        """
        about = {
            "format": FORMAT,
            "verb": self.verb,
            "shard": [self.shard.index, self.shard.of],
            "job": self.job,
            "about": self.about,
        }
        write_tensors(self.path, arrays, about)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a part.

        Raises:
            RunError: missing or truncated.
            DataError: not a part.
        """
        _, held = read_tensors(path, (), remedy=REMEDY)
        match held:
            case {
                "format": format_,
                "verb": str(verb),
                "shard": [int(index), int(of)],
                "job": dict(job),
                "about": dict(about),
            } if format_ == FORMAT:
                return cls(path, verb, Shard.parse(f"{index}/{of}"), job, about)
        raise DataError(f"{path} is not a part of a job (format {FORMAT!r})", remedy=REMEDY)

    def arrays(self, *names: str) -> list[np.ndarray]:
        """Arrays by name.

        Raises:
            RunError: the file is damaged.
            DataError: it lacks one of them.
        """
        arrays, _ = read_tensors(self.path, names, remedy=REMEDY)
        missing = [name for name in names if name not in arrays]
        if missing:
            raise DataError(f"{self.path} lacks the array {missing[0]!r}", remedy=REMEDY)
        return [arrays[name] for name in names]


def described(path: Path) -> Path:
    """The file that describes a part: the given one, or the one beside a part's strings or codes."""
    beside = path.with_name(f"{path.name}{SUFFIX}")
    return beside if beside.is_file() else path


def parts_in(paths: Sequence[Path], named: Callable[[str], str] = str) -> dict[Path, Part]:
    """The parts of one job by their paths, in the order of their shards.

    Args:
        paths: paths of the parts, in any order.
        named: gives the name of a value of the job for messages.

    Raises:
        RunError: a file is missing or damaged.
        DataError: they are not all parts of one job, each once.
    """
    parts = {path: Part.read(described(path)) for path in paths}
    if len(parts) < len(paths):
        raise DataError("a part is named twice", remedy="name each part once")
    first = next(iter(parts))
    for path, part in parts.items():
        _check_same_job(first, parts[first], path, part, named)
    of = parts[first].shard.of
    ordered: dict[int, Path] = {}
    for path, part in parts.items():
        if part.shard.index in ordered:
            raise DataError(
                f"{ordered[part.shard.index]} and {path} are both part {part.shard} of the job",
                remedy="name each part once",
            )
        ordered[part.shard.index] = path
    missing = [index for index in range(1, of + 1) if index not in ordered]
    if missing:
        names = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        raise DataError(
            f"{len(ordered)} of the job's {of} parts are named; missing: {names}",
            remedy=f"name all {of}; compute the missing ones with --shard {missing[0]}/{of}",
        )
    return {path: parts[path] for _, path in sorted(ordered.items())}


def _check_same_job(first: Path, one: Part, path: Path, other: Part, named: Callable[[str], str]) -> None:
    """Raises DataError, naming what differs, if two parts belong to different jobs."""
    before = {"verb": one.verb, "n in --shard i/n": one.shard.of, **flattened(one.job, empty=True)}
    now = {"verb": other.verb, "n in --shard i/n": other.shard.of, **flattened(other.job, empty=True)}
    different = [name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name)]
    if different:
        changes = ", ".join(
            f"{named(name)} (there {shortened(ascii(before.get(name)))}, here {shortened(ascii(now.get(name)))})"
            for name in different
        )
        raise DataError(
            f"{path} is a part of another job than {first}: {changes}",
            remedy="merge the parts of one job: the same run, strings and options",
        )
