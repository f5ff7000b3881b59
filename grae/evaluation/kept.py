"""What takes long to compute about strings, kept in the cache: canonical forms, a reference's statistics.

A file is named by all that decides its content: the strings, the version of RDKit, and that of the computation.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from grae.datasets.locations import cache_home
from grae.evaluation.meaning import Meaning
from grae.evaluation.strings import Strings, digest, each
from grae.files import read_tensors, write_tensors

VERSION = "1"  # raised when what is computed changes
CHUNK = 50_000  # strings held at a time
REMEDY = "remove the file; it is computed again"

Arrays = dict[str, np.ndarray]


def kept(what: str, strings: Strings, compute: Callable[[], Arrays]) -> Arrays:
    """Arrays about strings: from the cache, or computed and kept there.

    Args:
        what: the kind of arrays; a folder's name.
        strings: what they are about.
        compute: gives them.

    Raises:
        RunError: the cache cannot be read or written.
    """
    path = _path(what, strings)
    if path.is_file():
        return read_tensors(path, remedy=REMEDY)[0]
    arrays = compute()
    write_tensors(path, arrays, {"strings": strings.name})
    return arrays


def canonical_forms(meaning: Meaning, strings: Strings, *, n_jobs: int = 1) -> Iterable[str | None]:
    """The distinct canonical forms of strings, of molecules from the cache where they are known already.

    Args:
        meaning: of the strings.
        strings: which.
        n_jobs: processes, as joblib counts them.
    """
    if meaning.name != "molecules":
        return _computed(meaning, strings, n_jobs)
    arrays = kept("canonical", strings, lambda: {"forms": joined(dict.fromkeys(_computed(meaning, strings, n_jobs)))})
    return split(arrays["forms"])


def joined(texts: Iterable[str]) -> np.ndarray:
    """Strings without line ends as one array of bytes, (n,) uint8."""
    return np.frombuffer("".join(f"{text}\n" for text in texts).encode(), np.uint8)


def split(content: np.ndarray) -> list[str]:
    """The strings that `joined` was given."""
    return content.tobytes().decode().split("\n")[:-1]


def _computed(meaning: Meaning, strings: Strings, n_jobs: int) -> Iterator[str]:
    for some in each(strings.read(), CHUNK):
        yield from (form for form in meaning.canonical(some, n_jobs=n_jobs) if form is not None)


def _path(what: str, strings: Strings) -> Path:
    from grae.chemistry import RDKIT_VERSION

    return cache_home() / "evaluation" / what / f"{digest(VERSION, RDKIT_VERSION, strings.key)[:32]}.safetensors"
