"""Regular expressions in the syntax of Python's `re`; the language is the set of strings that they match in full.

`--grammar 're:[A-Z]{3}-[0-9]+'`. Anchors at the ends are redundant, and greedy and lazy repetitions are equivalent.
Constructs that cannot be converted, such as look-around, are errors.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable
from functools import cache

from grae.grammar.formats.characters import ASCII, Characters, Range
from grae.grammar.formats.ebnf import (
    NOTHING,
    GrammarTree,
    OneOf,
    Part,
    Repeat,
    Rule,
    Text,
    Without,
    joined,
)
from grae.grammar.formats.reader import REPEATS, NotationReader

START = "string"
_BOUNDS = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_FLAGS = re.compile(r"\(\?([aimsux]*)(?:-([imsx]+))?([:)])")
_NAMED = re.compile(r"\(\?P<\w+>|\(\?:")
_COMMENT = re.compile(r"\(\?#[^)]*\)")
_OCTAL = re.compile(r"0[0-7]{0,2}|[0-7]{3}")
_UNICODE_NAME = re.compile(r"N\{([^}]+)\}")
_LINE_ENDS = Characters.of("\n")
_AROUND = {
    "(?=": "a look-ahead",
    "(?!": "a negative look-ahead",
    "(?<=": "a look-behind",
    "(?<!": "a negative look-behind",
    "(?P=": "a back-reference",
    "(?(": "a condition",
    "(?>": "an atomic group",
}
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": str.isdecimal,
    "w": lambda character: character.isalnum() or character == "_",
    "s": str.isspace,
}
_REMEDY = "write what the string may be without it"


class RegexReader(NotationReader):
    """Reads a regular expression that begins at `place` and ends with the text.

    Args:
        text: a text that ends with the expression.
        name: its name in messages.
        place: where the expression begins.
        flags: flags, as in `(?...)`.
        whole: the text of the file, for messages; by default `text`.
        in_full: whether strings must match in full, so that lazy repetitions are equivalent to greedy ones.
    """

    blank = re.compile("")
    verbose = re.compile(r"(?:\s+|#[^\n]*)*")

    def __init__(
        self,
        text: str,
        name: str,
        place: int = 0,
        flags: str = "",
        *,
        whole: str | None = None,
        in_full: bool = True,
    ) -> None:
        super().__init__(text, name)
        self.whole = text if whole is None else whole
        self.place, self.flags, self.in_full = place, set(flags), in_full
        self._check()

    def _check(self) -> None:
        """Raises a GrammarError if `re` cannot read the expression."""
        begin = self.place
        number = re.NOFLAG
        for flag in self.flags - {"l", "u"}:
            number |= re.RegexFlag[flag.upper()]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about sets whose meaning may change in a later Python
                re.compile(self.text[begin:], number)
        except (re.error, OverflowError, RecursionError) as error:
            at = begin + (getattr(error, "pos", 0) or 0)
            message = str(getattr(error, "msg", error))
            self.fail(f"not a regular expression: {message}", "correct it as Python's re wants it", at)

    def part(self) -> Part:
        """The expression."""
        self.skip()
        while (flags := _FLAGS.match(self.text, self.place)) is not None and flags[3] == ")":
            self.flags |= set(flags[1])
            self.place = flags.end()
            self.skip()
        part = self.alternatives()
        if not self.at_end:
            self._unreadable()
        return part

    def skip(self) -> None:
        """In a verbose expression, skips white space and comments."""
        match = (self.verbose if "x" in self.flags else self.blank).match(self.text, self.place)
        self.place = self.place if match is None else match.end()

    def items(self) -> Part:
        """A sequence of items; outside groups, between anchors."""
        self.skip()
        if self.depth == 0 and not self.takes("^"):
            self.takes("\\A")
        part = joined(super().items())
        if self.depth == 0 and not self.takes("$"):
            self.takes("\\Z")
        return part

    def item(self) -> Part | None:
        """A character, a set or a group, with its repetition."""
        self.skip()
        while self.matches(_COMMENT):
            self.skip()
        if self.at_end or self.text[self.place] in "|)^$" or self.text.startswith(("\\A", "\\Z"), self.place):
            return None
        part = self._group() if self.sees("(") else self._single()
        self.skip()
        while (repeated := self._repeated(part)) is not part:
            part = repeated
        return part

    def _repeated(self, part: Part) -> Part:
        begin = self.place
        bounds = _BOUNDS.match(self.text, self.place)
        if bounds is not None and bounds[0] != "{}":
            self.place = bounds.end()
            least = int(bounds[1] or 0)
            part = Repeat(part, least, int(bounds[3]) if bounds[3] else None if bounds[2] else least)
        elif self.text[self.place : self.place + 1] in (*REPEATS,):
            part = Repeat(part, *REPEATS[self.text[self.place]])
            self.place += 1
        else:
            return part
        if self.sees("+"):
            self.fail("a possessive repetition has no counterpart here", "omit the second +")
        if self.sees("?") and not self.in_full:
            self.fail(
                "a lazy repetition, which ends as early as it can",
                'write what may stand before the end, as in "[^"]*" for ".*?"',
                begin,
            )
        self.place += self.sees("?")
        self.skip()
        return part

    def _group(self) -> Part:
        begin = self.place
        for sign, what in _AROUND.items():
            if self.sees(sign):
                self.fail(f"{what} has no counterpart in a grammar", _REMEDY)
        before = set(self.flags)
        if (flags := self.matches(_FLAGS)) is not None:
            self.flags = (self.flags | set(flags[1])) - set(flags[2] or "")
        elif self.matches(_NAMED) is None:
            self.place += 1
        self.enter()
        part = self.alternatives()
        self.leave()
        if not self.sees(")"):
            self._unreadable(begin if self.at_end else None)
        self.place += 1
        self.flags = before
        return part

    def _unreadable(self, at: int | None = None) -> None:
        anchor = not self.at_end and self.text[self.place] in "^$\\"
        message = "an anchor inside the expression" if anchor else f"cannot read {self.here}"
        self.fail(message, "leave anchors to the ends: the whole string is matched anyway" if anchor else _REMEDY, at)

    def _single(self) -> Part:
        """One character, literal or from a set."""
        begin = self.place
        if self.sees("."):
            self.place += 1
            return Without(None, NOTHING if "s" in self.flags else OneOf(_LINE_ENDS), begin)
        if self.sees("["):
            return self._set()
        if self.sees("\\"):
            self.place += 1
            return self._escaped(begin)
        self.place += 1
        return self._text(self.text[begin])

    def _text(self, character: str) -> Part:
        return Text(character, ignores_case="i" in self.flags)

    def _escaped(self, begin: int) -> Part:
        sign = self.text[self.place]
        if sign in "dwsDWS":
            self.place += 1
            return OneOf(self._class(sign), begin)
        if sign in "bB":
            self.fail(f"\\{sign} looks around, which a grammar cannot", _REMEDY, begin)
        if sign.isdigit() and not _OCTAL.match(self.text, self.place):
            self.fail("a back-reference has no counterpart in a grammar", _REMEDY, begin)
        return self._text(self._character())

    def _character(self) -> str:
        """The character after a backslash."""
        if (name := self.matches(_UNICODE_NAME)) is not None:
            return unicodedata.lookup(name[1])
        if (octal := self.matches(_OCTAL)) is not None:
            return chr(int(octal[0], 8))
        sign = self.text[self.place]
        if sign.isascii() and sign.isalnum():
            return self.escape("")
        self.place += 1
        return sign

    def _class(self, sign: str) -> Characters:
        characters = _of_class(sign.lower())
        if "a" in self.flags:
            characters &= ASCII
        return ~characters if sign.isupper() else characters

    def _set(self) -> Part:
        begin = self.place
        self.place += 1
        negated = self.sees("^")
        self.place += negated
        ranges: list[Range] = []
        first = True
        while first or not self.sees("]"):
            first = False
            low, members = self._member()
            ranges += members
            if low is not None and self.sees("-") and not self.text.startswith("-]", self.place):
                self.place += 1
                high, _ = self._member()
                ranges[-1] = (low, low if high is None else high)
        self.place += 1
        characters = Characters.between(ranges)
        if "i" in self.flags:
            characters = characters.in_both_cases()
        return Without(None, OneOf(characters), begin) if negated else OneOf(characters, begin)

    def _member(self) -> tuple[int | None, tuple[Range, ...]]:
        """The next member of a set: its code point, if it is one character, and its ranges."""
        sign = self.text[self.place]
        self.place += 1
        if sign != "\\":
            return ord(sign), ((ord(sign), ord(sign)),)
        if self.text[self.place] in "dwsDWS":
            self.place += 1
            return None, self._class(self.text[self.place - 1]).ranges
        code = ord(self._character())
        return code, ((code, code),)


@cache
def _of_class(sign: str) -> Characters:
    r"""The characters of `\\d`, `\\w` or `\\s`."""
    belongs = _CLASSES[sign]
    return Characters.between((code, code) for code in range(0x110000) if belongs(chr(code)))


def read(text: str, name: str) -> GrammarTree:
    """Reads a regular expression.

    Args:
        text: the expression.
        name: its name in messages.

    Raises:
        GrammarError: `re` cannot read it, or no grammar is equivalent.
    """
    text = text.removesuffix("\n")  # the last line end of a file
    return GrammarTree((Rule(START, RegexReader(text, name).part(), 0),), START)
