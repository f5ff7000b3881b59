"""Functions compiled by numba and cached until one of their sources changes.

numba's own cache checks only the file of the function itself, after unpickling the index. It therefore returns stale
machine code if a callee or constant in another file has changed, and fails if a class of a signature has moved. Here a
hash of all sources with compiled functions is part of the version of the cache, which numba checks before unpickling
anything else.
"""

import hashlib
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.sigutils import normalize_signature

PACKAGE = Path(__file__).parent
SOURCES = ("compilation.py", "grammar", "constraints", "chemistry/valences.py", "evaluation/tanimoto.py")
"""Files and folders of the package with compiled functions, their constants, and the classes of their arguments."""
BROKEN = (pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError)
"""Exceptions raised by unpickling damaged bytes, or if a class has been moved."""


def compiled(*signatures: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compiles a function with numba, without the GIL, and caches the machine code.

    Args:
        signatures: signatures to compile when the function is defined; without any, it is compiled lazily, for the
            arguments of each call.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(nogil=True)(function)
        if dispatcher is not function:  # as under NUMBA_DISABLE_JIT
            dispatcher._cache = SourcesCache(function)
            for signature in signatures:
                dispatcher.compile(signature)
            if signatures:
                dispatcher.disable_compile()
        return dispatcher

    return decorate


class SourcesCache(FunctionCache):
    """numba's cache of a function, with a hash of the sources in its version.

    Args:
        function: the Python function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._version = f"{numba.__version__} {sources_hash()} {self._impl.locator.get_source_stamp()!r}"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for a signature; None if it is not cached or the cache cannot be read.

        Processes that compile a function for different signatures at the same time may write them to the same file.
        """
        try:
            result = super().load_overload(sig, target_context)
        except BROKEN:
            result, is_usable = None, False
        else:
            is_usable = result is None or result.signature.args == normalize_signature(sig)[0]
        if not is_usable:
            self.flush()
        return result if is_usable else None


@cache
def sources_hash() -> str:
    """SHA-256 of `SOURCES`, as hexadecimal digits."""
    digest = hashlib.sha256()
    for source in SOURCES:
        place = PACKAGE / source
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(PACKAGE).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
