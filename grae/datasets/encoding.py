"""Encodes the strings of a source as derivations, chunk by chunk: the basis of derivation stores and coverage reports.

Molecules that RDKit must rewrite go to processes, since RDKit holds the interpreter lock; everything else is compiled
and goes to threads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple, cast

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from grae.datasets.readers import Source
from grae.datasets.reading import Line, Reading
from grae.datasets.rejects import Reject
from grae.errors import DataError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import encode
from grae.grammar.language import AS_WRITTEN, Form

CHUNK_LINES = 4096
CHUNK_CHARACTERS = 2_000_000
PROCESSES_FROM = 16_384  # lines; below, starting the processes costs more than they save
CHUNKS_PER_JOB = 4  # in flight at once
REJECTS_SHOWN = 5  # per reason


class Chunk(NamedTuple):
    """The outcome of some consecutive lines.

    Attributes:
        ids: (sum of lengths,) production ids of the derivations, dtype of the grammar.
        lengths: (n,) int64, number of productions of each derivation.
        lines: (n,) int64, line number of each derivation.
        rejects: the other lines, in order.
        read: number of lines.
    """

    ids: np.ndarray
    lengths: np.ndarray
    lines: np.ndarray
    rejects: list[Reject]
    read: int


class Progress(NamedTuple):
    """Progress of the encoding.

    Attributes:
        read: number of lines read.
        kept: number of lines encoded.
        fraction: share of the file's bytes read, 0 to 1.
    """

    read: int
    kept: int
    fraction: float


@dataclass
class Tally:
    """Running counts.

    Attributes:
        read: number of lines read.
        kept: number of lines encoded.
        productions: total over all derivations.
        longest: productions of the longest derivation.
        rejected: number of lines rejected, by reason.
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
        grammar: the grammar of the strings.
        source: the source of the strings.
        form: form in which each string is encoded.
        max_length: maximum number of productions per derivation.
        n_jobs: number of processes or threads, as in joblib.
        progress: called after each chunk.

    Raises:
        DataError: the source cannot be read, or has no lines.
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
            f"{source.name} holds no strings",
            remedy="give a file with one string per line, or a table with a column of them",
        )


def encode_lines(grammar: Grammar, lines: list[Line], form: Form, max_length: int | None, n_jobs: int = 1) -> Chunk:
    """Encodes lines; those that cannot be encoded are returned as rejects.

    Args:
        grammar: the grammar of the strings.
        lines: consecutive lines of a source.
        form: as in `encode_source`.
        max_length: as in `encode_source`.
        n_jobs: number of threads, as in joblib.
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
    # One window at a time: joblib would read ahead while results wait, and hang on a read error.
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
    """Merges as many chunks as there are threads."""
    while wide := list(chain.from_iterable(islice(chunks, n_jobs))):
        yield wide


def _rewritten(lines: list[Line], form: Form) -> tuple[list[Line], list[str], list[Reject]]:
    """The lines whose strings have the form, these strings in the form, and the other lines as rejects."""
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
    """The same object each time an equal grammar arrives in a process, so that its tables and parser are built once."""
    return grammar
