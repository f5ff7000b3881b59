"""Text output: lines wider than a terminal are wrapped between words; in files and pipes they are left as they are."""

import os
import re
from typing import TextIO

USUAL = 80
"""Columns of a terminal that does not report its width."""
FEWEST = 20
FURTHER = 2  # further indentation of continuation lines, in characters


def say(text: str, stream: TextIO) -> None:
    """Prints text, wrapped if the stream is a terminal.

    Args:
        text: the lines.
        stream: standard output or standard error.
    """
    print(fitted(text, columns_of(stream)), file=stream)


def columns_of(stream: TextIO) -> int | None:
    """Columns of a stream's terminal: COLUMNS, else the terminal's own width; None for a file or pipe."""
    try:
        if not stream.isatty():
            return None
        own = os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, OSError, ValueError):  # no stream, or a closed one
        return None
    said = os.environ.get("COLUMNS", "")
    return int(said) if re.fullmatch("[1-9][0-9]{1,3}", said) else own or USUAL


def fitted(text: str, columns: int | None) -> str:
    """A text with lines wrapped between words; a word wider than a line is not broken, so that it can be copied.

    Args:
        text: lines; continuation lines are indented a little more.
        columns: maximum width; None for no limit.
    """
    if columns is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _broken(line, max(columns, FEWEST)))


def _broken(line: str, columns: int) -> list[str]:
    if len(line) <= columns:
        return [line]
    indent = line[: len(line) - len(line.lstrip(" "))]
    if len(indent) > columns // 2:
        indent = ""
    further = indent + " " * FURTHER
    parts = [""]
    for space, word in re.findall(r"(\s*)(\S+)", line):
        if parts[-1].strip() and len(parts[-1] + space + word) > columns:
            parts.append(further + word)
        else:
            parts[-1] += space + word
    return parts
