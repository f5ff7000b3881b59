"""A source's strings as derivations, chunk by chunk: what a derivation store and a coverage report are made of.

Molecules that RDKit rewrites go to processes, for RDKit holds the interpreter lock; all else is compiled and goes to
threads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple, cast

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from grae.datasets.readers import Line, Reading, Source
from grae.datasets.rejects import Reject
from grae.errors import DataError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import encode
from grae.grammar.language import AS_WRITTEN, Form

CHUNK_LINES = 4096
CHUNK_CHARACTERS = 2_000_000
PROCESSES_FROM = 16_384  # lines; below, starting the processes costs more than they save
CHUNKS_PER_JOB = 4  # in flight at once
REJECTS_SHOWN = 5  # of each reason


class Chunk(NamedTuple):
    """What became of some consecutive lines.

    Attributes:
        ids: (sum of lengths,) production ids of the derivations, dtype of the grammar.
        lengths: (n,) int64, productions of each derivation.
        lines: (n,) int64, the line each came from.
        rejects: the other lines, in order.
        read: how many lines there were.
    """

    ids: np.ndarray
    lengths: np.ndarray
    lines: np.ndarray
    rejects: list[Reject]
    read: int


class Progress(NamedTuple):
    """How far the encoding has come.

    Attributes:
        read: lines read.
        kept: lines encoded.
        fraction: share of the file's bytes read, 0 to 1.
    """

    read: int
    kept: int
    fraction: float


@dataclass
class Tally:
    """What has been counted so far.

    Attributes:
        read: lines read.
        kept: lines encoded.
        productions: in all derivations together.
        longest: productions of the longest derivation.
        rejected: lines rejected, by reason.
        rejects: the first few rejects of each reason.
    """

    read: int = 0
    kept: int = 0
    productions: int = 0
    longest: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, chunk: Chunk) -> None:
        """Counts a chunk."""
        self.read += chunk.read
        self.kept += len(chunk.lengths)
        self.productions += len(chunk.ids)
        self.longest = max(self.longest, int(chunk.lengths.max(initial=0)))
        for reject in chunk.rejects:
            if self.rejected[reject.reason] < REJECTS_SHOWN:
                self.rejects.append(reject)
            self.rejected[reject.reason] += 1


def encode_source(
    grammar: Grammar,
    source: Source,
    *,
    form: Form,
    max_length: int | None = None,
    n_jobs: int = -1,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[Chunk]:
    """Encodes a source, in the order of its lines; memory holds a few chunks at a time.

    Args:
        grammar: of the strings.
        source: where they come from.
        form: what is encoded of each string.
        max_length: the most productions that a derivation may have.
        n_jobs: processes or threads, as joblib counts them.
        progress: called after each chunk.

    Raises:
        DataError: the source cannot be read, or holds no line at all.
    """
    n_jobs = effective_n_jobs(n_jobs)
    read = kept = 0
    with source.open() as reading:
        for chunk in _encoded(grammar, reading, form, max_length, n_jobs):
            read += chunk.read
            kept += len(chunk.lengths)
            yield chunk
            if progress is not None:
                progress(Progress(read, kept, reading.fraction))
    if not read:
        raise DataError(
            f"{source.name} is empty", remedy="give a file with one string a line, or a table with a column of them"
        )


def encode_lines(grammar: Grammar, lines: list[Line], form: Form, max_length: int | None, n_jobs: int = 1) -> Chunk:
    """Encodes some lines; those that cannot be encoded come back as rejects.

    Args:
        grammar: of the strings.
        lines: consecutive lines of a source.
        form: as in `encode_source`.
        max_length: as in `encode_source`.
        n_jobs: threads, as joblib counts them.
    """
    grammar = _shared(grammar)
    rejects = [Reject(line.number, line.text, line.fault) for line in lines if line.fault]
    sound = [line for line in lines if not line.fault]
    sound, texts, not_read = _rewritten(sound, form)
    rejects += not_read
    encoded = encode(grammar, texts, max_length=max_length, on_invalid="skip", n_jobs=n_jobs)
    for rejection in encoded.rejections:
        line = sound[rejection.row]
        detail = (
            rejection.detail
            if line.text == rejection.text
            else f"{rejection.detail} of its {form.title} {rejection.text}"
        )
        rejects.append(Reject(line.number, line.text, rejection.reason, detail))
    numbers = np.array([line.number for line in sound], np.int64)
    return Chunk(
        np.asarray(encoded.derivations.ids),
        encoded.derivations.lengths,
        numbers[encoded.rows],
        sorted(rejects),
        len(lines),
    )


def _encoded(grammar: Grammar, reading: Reading, form: Form, max_length: int | None, n_jobs: int) -> Iterator[Chunk]:
    lines = iter(reading)
    chunks = _chunks(lines)
    if form.name == AS_WRITTEN or n_jobs == 1:
        yield from (encode_lines(grammar, chunk, form, max_length, n_jobs) for chunk in _wider(chunks, n_jobs))
        return
    first = list(islice(chunks, -(-PROCESSES_FROM // CHUNK_LINES)))
    if sum(map(len, first)) < PROCESSES_FROM:
        yield from (encode_lines(grammar, chunk, form, max_length) for chunk in first)
        return
    chunks = chain(first, chunks)
    # A window at a time: joblib would read on while its results wait, and hang on an error in the reading.
    with Parallel(n_jobs=n_jobs, prefer="processes", return_as="generator") as pool:
        while window := list(islice(chunks, CHUNKS_PER_JOB * n_jobs)):
            done = pool(delayed(encode_lines)(grammar, chunk, form, max_length) for chunk in window)
            yield from cast(Iterator[Chunk], done)


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines in lists of at most `CHUNK_LINES`, shorter where the lines are long."""
    chunk: list[Line] = []
    characters = 0
    for line in lines:
        chunk.append(line)
        characters += len(line.text)
        if len(chunk) == CHUNK_LINES or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _wider(chunks: Iterator[list[Line]], n_jobs: int) -> Iterator[list[Line]]:
    """As many chunks at once as there are threads."""
    while wide := list(chain.from_iterable(islice(chunks, n_jobs))):
        yield wide


def _rewritten(lines: list[Line], form: Form) -> tuple[list[Line], list[str], list[Reject]]:
    """The lines whose strings have the form, those strings in it, and the other lines as rejects."""
    sound, texts, rejects = [], [], []
    for line, text in zip(lines, form.spell([line.text for line in lines]), strict=True):
        if text is None:
            rejects.append(Reject(line.number, line.text, form.refusal, form.explain(line.text)))
        else:
            sound.append(line)
            texts.append(text)
    return sound, texts, rejects


@lru_cache(maxsize=2)
def _shared(grammar: Grammar) -> Grammar:
    """The same grammar each time it arrives in a process, so that its tables and its parser are made once."""
    return grammar
