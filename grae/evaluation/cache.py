"""Cache of slow computations on strings: canonical forms, statistics of references.

Results are computed and cached in blocks of consecutive strings, so that an interrupted computation resumes. The folder
of a set's blocks is named by a hash of everything that determines their content: the strings, the versions of RDKit and
of the computation. The last block has fewer strings than the block size, possibly none.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grae.datasets.locations import cache_home
from grae.evaluation.strings import Strings, digest, each
from grae.evaluation.work import Work
from grae.files import read_tensors, write_tensors

if TYPE_CHECKING:
    from grae.grammar import Grammar

VERSION = "2"  # increased when computations change
CHUNK = 50_000  # strings per block of canonical forms
REMEDY = "delete the file; it will be recomputed"
N_STRINGS = "strings"
"""The array of a block that holds its number of strings, (1,) int64."""

Arrays = dict[str, np.ndarray]
Compute = Callable[[list[str], Sequence[str], Callable[[float], None]], dict[str, Arrays]]
"""Computes arrays, by kind, from strings and the missing kinds; calls its third argument with the fraction done."""


def cached_blocks(
    kinds: Sequence[str],
    strings: Strings,
    size: int,
    compute: Compute,
    begin: Callable[[], Callable[[float], None]],
    *,
    language: str = "",
) -> Iterator[dict[str, Arrays]]:
    """Arrays computed from strings, by kind, block by block; read from the cache, or computed and cached.

    Args:
        kinds: kinds of arrays; names of folders.
        strings: the strings.
        size: strings per block.
        compute: computes the arrays of a block.
        begin: called before the first computation, if any; returns the callback for the fraction done.
        language: language of the strings, if the arrays depend on it.

    Raises:
        RunError: the cache cannot be read or written.
    """
    stream: Iterator[str] | None = None
    at, total = 0, 1  # strings read so far, and in total
    done: Callable[[float], None] | None = None
    for number in count():
        paths = {kind: _path(kind, strings, size, language) / f"{number}.safetensors" for kind in kinds}
        block = {kind: read_tensors(path, remedy=REMEDY)[0] for kind, path in paths.items() if path.is_file()}
        missing = [kind for kind in kinds if kind not in block]
        if missing:
            if stream is None or done is None:
                done, total = begin(), max(1, sum(1 for _ in strings.read()))
                stream = iter(strings.read())
            first = number * size
            deque(islice(stream, first - at), maxlen=0)
            texts = list(islice(stream, size))
            at = first + len(texts)
            for kind, arrays in compute(texts, missing, part_of(done, first / total, at / total)).items():
                block[kind] = {**arrays, N_STRINGS: np.array([len(texts)])}
                write_tensors(paths[kind], block[kind], {"strings": strings.name})
            done(at / total)
        yield block
        if min(int(arrays[N_STRINGS][0]) for arrays in block.values()) < size:
            return


def part_of(done: Callable[[float], None], low: float, high: float) -> Callable[[float], None]:
    """The progress callback of a part of the work, from fraction `low` to `high`."""

    def tell(fraction: float) -> None:
        done(low + fraction * (high - low))

    return tell


def canonical_forms(grammar: "Grammar", strings: Strings, work: Work) -> Iterator[str]:
    """The canonical forms of valid strings; cached, for languages in which they are slow to compute.

    Args:
        grammar: grammar of the strings.
        strings: the strings.
        work: worker count and progress callback.
    """

    def forms(texts: list[str]) -> list[str]:
        known = grammar.canonical(texts, n_jobs=work.n_jobs)
        return list(dict.fromkeys(form for form in known if form is not None))

    if not grammar.language.is_slow:
        for chunk in each(strings.read(), CHUNK):
            yield from forms(chunk)
        return
    blocks = cached_blocks(
        ["canonical"],
        strings,
        CHUNK,
        lambda texts, kinds, done: {"canonical": {"forms": joined(forms(texts))}},
        lambda: work.begin(f"canonical forms of {strings.name}"),
        language=grammar.language.name,
    )
    for block in blocks:
        yield from split(block["canonical"]["forms"])


def joined(texts: Iterable[str]) -> np.ndarray:
    """Strings without line breaks as one array of bytes, (n,) uint8."""
    return np.frombuffer("".join(f"{text}\n" for text in texts).encode(), np.uint8)


def split(content: np.ndarray) -> list[str]:
    """The inverse of `joined`."""
    return content.tobytes().decode().split("\n")[:-1]


def _path(kind: str, strings: Strings, size: int, language: str) -> Path:
    from grae.chemistry import RDKIT_VERSION

    content = (VERSION, RDKIT_VERSION, strings.key, str(size), *filter(None, [language]))
    return cache_home() / "evaluation" / kind / digest(*content)[:32]
