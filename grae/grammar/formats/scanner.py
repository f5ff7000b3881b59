"""A text read from left to right, and errors that show the position."""

import re
from typing import Never

from grae.errors import GrammarError, excerpt

DEEPEST = 100  # nested groups

_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "b": "\b", "a": "\a", "0": "\0"}
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|u\{([0-9a-fA-F]{1,6})\}")


def located(text: str, offset: int, name: str) -> str:
    """A position in a file for messages, such as `json.gbnf, line 3, column 7`."""
    line = text.count("\n", 0, offset) + 1
    return f"{name}, line {line}, column {offset - _line_start(text, offset) + 1}"


def problem(text: str, offset: int, name: str, message: str, remedy: str) -> GrammarError:
    """An error at a position in a file, with its line and a caret.

    Args:
        text: text of the file.
        offset: index of the character.
        name: name of the file.
        message: what is wrong.
        remedy: what to do.
    """
    begin = _line_start(text, offset)
    end = text.find("\n", offset)
    line = text[begin : len(text) if end < 0 else end].rstrip("\r")
    return GrammarError(f"{located(text, offset, name)}: {message}\n{excerpt(line, offset - begin)}", remedy=remedy)


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


class Scanner:
    """Reads a text.

    Args:
        text: text of a file, up to where reading ends.
        name: its name in messages.

    Attributes:
        place: index of the next character.
        whole: the text of the file, for messages.
    """

    blank = re.compile(r"\s*")
    """What `skip` skips: white space and comments."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.whole, self.name, self.place, self.depth = text, text, name, 0, 0

    def fail(self, message: str, remedy: str, at: int | None = None) -> Never:
        """Raises an error at a position, by default the current one."""
        raise problem(self.whole, self.place if at is None else at, self.name, message, remedy)

    def skip(self) -> None:
        """Skips white space and comments."""
        blank = self.blank.match(self.text, self.place)
        self.place = self.place if blank is None else blank.end()

    def sees(self, sign: str) -> bool:
        """Whether a sign is next."""
        return self.text.startswith(sign, self.place)

    def takes(self, sign: str) -> bool:
        """Reads a sign, and skips white space and comments after it; False if it is not next."""
        if not self.sees(sign):
            return False
        self.place += len(sign)
        self.skip()
        return True

    def matches(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Reads a pattern, and nothing after it; None if it does not match here."""
        match = pattern.match(self.text, self.place)
        if match is not None:
            self.place = match.end()
        return match

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.place >= len(self.text)

    @property
    def here(self) -> str:
        """The next character as named in messages."""
        return "the end of the file" if self.at_end else repr(self.text[self.place])

    def enter(self) -> None:
        """Counts an opening group.

        Raises:
            GrammarError: groups are nested too deeply.
        """
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"more than {DEEPEST} groups inside each other", "give some of them a rule of their own")

    def leave(self) -> None:
        """Counts a closing group."""
        self.depth -= 1

    def escape(self, others: str) -> str:
        """The character after a backslash: given by one sign, or by its code point.

        Args:
            others: signs that stand for themselves after a backslash.
        """
        begin = self.place - 1
        if (code := self.matches(_CODE)) is not None:
            value = int(next(filter(None, code.groups())), 16)
            if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
                self.fail("no character has this code point", "give one up to 10FFFF that is not a surrogate", begin)
            return chr(value)
        sign = self.text[self.place : self.place + 1]
        self.place += 1
        if sign and (sign in others or sign in _SIMPLE):
            return sign if sign in others else _SIMPLE[sign]
        signs = " ".join(f"\\{one}" for one in [*others, *_SIMPLE])
        self.fail(f"unknown escape \\{sign}", f"use one of {signs} \\xHH \\uHHHH", begin)

    def quoted(self, others: str, *, escapes: bool = True) -> str:
        """The text of a literal whose opening quote is next; reads up to and including its closing quote.

        Args:
            others: signs that stand for themselves after a backslash.
            escapes: whether a backslash begins an escape.

        Raises:
            GrammarError: it does not end on its line.
        """
        begin, quote = self.place, self.text[self.place]
        self.place += 1
        characters: list[str] = []
        while True:
            sign = self.text[self.place : self.place + 1]
            if sign in ("", "\n"):
                self.fail(f"unterminated literal: the closing {quote} is missing", f"close it with {quote}", begin)
            self.place += 1
            if sign == quote:
                return "".join(characters)
            characters.append(self.escape(others) if sign == "\\" and escapes else sign)
