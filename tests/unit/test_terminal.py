"""Lines are broken between words in a terminal, and nowhere else."""

import io
import os
import pty
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.terminal import columns_of, fitted, say

NOTE = "FCD/Test is biased upwards by small sets (40 valid samples); compare it only with figures of as many"


def test_a_long_line_is_broken_between_words_and_indented():
    assert fitted(NOTE, 60).split("\n") == [
        "FCD/Test is biased upwards by small sets (40 valid samples);",
        "  compare it only with figures of as many",
    ]
    assert fitted(f"grae: wrong\n  remedy: {NOTE}", 60).split("\n") == [
        "grae: wrong",
        "  remedy: FCD/Test is biased upwards by small sets (40 valid",
        "    samples); compare it only with figures of as many",
    ]
    assert fitted(NOTE, None) == NOTE


def test_what_may_be_copied_stays_whole():
    molecule = "C" * 100
    assert fitted(f"best {molecule} of all", 80) == f"best\n  {molecule}\n  of all"
    assert fitted(molecule, 80) == molecule
    deep = " " * 70 + "^ expected one of: 'a', 'b', 'c'"
    assert all(len(line) <= 80 for line in fitted(deep, 80).split("\n"))


@given(st.text(alphabet="ab \n-", max_size=200), st.integers(20, 60))
def test_nothing_is_lost_and_only_words_are_wider(text: str, columns: int):
    lines = fitted(text, columns).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace("\n", "").replace(" ", "")
    assert all(len(line) <= columns or len(line.split()) <= 1 for line in lines)
    if all(len(line) <= columns for line in text.split("\n")):
        assert fitted(text, columns) == text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A terminal of 50 columns."""
    import fcntl
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours):
        yield stream


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_columns_of_a_terminal(terminal: TextIO, monkeypatch: pytest.MonkeyPatch):
    assert columns_of(terminal) == 50
    for said, columns in (("33", 33), ("", 50), ("x", 50), ("0", 50), ("99999", 50)):
        monkeypatch.setenv("COLUMNS", said)
        assert columns_of(terminal) == columns


def test_files_and_pipes_get_lines_as_they_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "33")
    stream = io.StringIO()
    say(NOTE, stream)
    assert stream.getvalue() == f"{NOTE}\n"
    stream.close()
    assert columns_of(stream) is None
    assert columns_of(None) is None  # pyright: ignore[reportArgumentType]
