"""Verbosity of commands on standard error: -q prints errors only, -v also versions, time and memory.

Every command gets both options; stdout is not affected.
"""

import contextlib
import functools
import importlib.metadata
import inspect
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from grae.cli.output import VERBOSITY, note
from grae.errors import GraeError, SettingsError
from grae.version import __version__

Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Also print versions, time, memory and tracebacks."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only: no notes, no progress.")]
PACKAGES = ("torch", "rdkit", "numpy", "scikit-learn", "botorch")


def with_verbosity(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options -v and -q to a verb."""

    @functools.wraps(verb)
    def run(*arguments: Any, verbose: bool = False, quiet: bool = False, **options: Any) -> Any:
        with _loud(verbose, quiet):
            return verb(*arguments, **options)

    signature = inspect.signature(verb)
    added = {"verbose": Verbose, "quiet": Quiet}
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in added.items()
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *own])  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {**verb.__annotations__, **added}
    return run


@contextlib.contextmanager
def _loud(verbose: bool, quiet: bool) -> Iterator[None]:
    """A context that sets the verbosity of a verb.

    Raises:
        SettingsError: both are requested.
    """
    if verbose and quiet:
        raise SettingsError("--verbose and --quiet cannot be combined", remedy="give only one of them")
    token = VERBOSITY.set("verbose" if verbose else "quiet" if quiet else "usual")
    began = time.monotonic()
    try:
        if verbose:
            note(_versions())
        yield
        if verbose:
            note(f"took {time.monotonic() - began:.1f} s{_memory()}")
    except GraeError:
        if verbose:
            traceback.print_exc()
        raise
    finally:
        VERBOSITY.reset(token)


def _versions() -> str:
    """Versions of grae, Python and packages, and the platform, on one line."""
    versions = [f"grae {__version__}", f"Python {platform.python_version()}", platform.platform(terse=True)]
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    return ", ".join(versions)


def _memory() -> str:
    """The peak memory of this process; empty if the system does not report it."""
    if sys.platform == "win32":
        return ""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return f", at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6:,.0f} MB of memory"
