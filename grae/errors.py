"""Errors that a user can fix; the command line prints them and exits with status 2."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pydantic import ValidationError

CARET_WIDTH = 35
SHOWN = 200  # maximum number of characters of a name or string in a message


class GraeError(Exception):
    """Bad input: what is wrong and where, what was expected, and the remedy.

    Args:
        message: what is wrong, where, and what was expected.
        remedy: what the user can do about it.
    """

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    @classmethod
    def unknown(cls, kind: str, name: str, known: Iterable[str], *, otherwise: str = "give one of these names") -> Self:
        """The error of an unknown name; the remedy is the closest known name, or `otherwise`."""
        known = list(known)
        near = get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else otherwise
        return cls(f"unknown {kind} {name!r}; there are: {', '.join(known)}", remedy=remedy)

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message}\n  remedy: {self.remedy}"


def first_problem(error: "ValidationError") -> str:
    """The first problem that pydantic found in a file, as `place: problem`."""
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def shortened(text: str) -> str:
    """A text for a message: the middle of one longer than `SHOWN` characters is omitted."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]}...{text[-SHOWN // 2 :]}"


def excerpt(text: str, position: int) -> str:
    """The text around a position as one indented line, and below it a line with a caret under the position."""
    first = max(0, position - CARET_WIDTH)
    last = min(len(text), position + CARET_WIDTH)
    head = "..." if first else ""
    tail = "..." if last < len(text) else ""
    line = (head + text[first:last] + tail).replace("\n", " ").replace("\t", " ")
    return f"  {line}\n  {' ' * (len(head) + position - first)}^"


class GrammarError(GraeError):
    """A grammar that cannot be found, read or used."""


class ParseError(GraeError):
    """A string outside the language.

    Args:
        text: the string.
        position: index of the first character (not byte) with which no derivation continues; `len(text)` at its end.
        expected: the terminals possible there; empty if unknown.
        reason: the problem at the position; by default derived from `text` and `position`.
    """

    def __init__(
        self,
        text: str,
        position: int,
        expected: Iterable[str] = (),
        *,
        reason: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.text = text
        self.position = position
        self.expected = tuple(sorted(expected))
        if reason is None:
            found = f"{text[position]!r}" if position < len(text) else "the end of the string"
            reason = f"no production continues {found}"
        self.reason = reason
        super().__init__(f"{reason} at position {position}\n{self._excerpt()}", remedy=remedy)

    def _excerpt(self) -> str:
        """The string around the position, with a caret below it and the expected terminals."""
        said = ""
        if self.expected:
            names = ", ".join(repr(terminal) for terminal in self.expected)
            said = f" expected {'one of: ' if len(self.expected) > 1 else ''}{names}"
        return excerpt(self.text, self.position) + said


class DerivationError(GraeError):
    """Production ids that are not a complete leftmost derivation of the grammar."""


class DataError(GraeError):
    """A data set or file that cannot be found, read or used."""


class DownloadError(DataError):
    """A file that could not be downloaded."""


class SettingsError(GraeError):
    """A setting that is unknown, out of range or in conflict with another."""


class RunError(GraeError):
    """A run folder with a file that is missing, truncated or of another format."""


class TrainingError(GraeError):
    """A training that cannot continue: its loss is NaN or infinite."""


class MissingExtraError(GraeError):
    """An optional dependency that is not installed.

    Args:
        package: the missing package.
        extra: the extra of this project that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed", remedy=f"pip install 'grae[{extra}]'")
