r"""Terminals in quotes: verbatim, or, in a file with the directive `escapes`, with escapes.

#% escapes
string -> '"' text '"' | '\n' | '\'' | '\\'
"""

import re
import unicodedata

_NAMED = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"'}
_NAMES = {character: name for name, character in _NAMED.items()}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL)


def needs_escapes(text: str) -> bool:
    """Whether a text cannot stand between quotes verbatim: it contains both kinds, or a line end."""
    return {"'", '"'} <= set(text) or re.search(r"[\n\r]", text) is not None


def quoted(text: str, *, escapes: bool) -> str:
    """A text in quotes.

    Args:
        text: any without surrogates; without escapes, none that needs them.
        escapes: whether a backslash begins an escape.
    """
    quote = '"' if "'" in text and '"' not in text else "'"
    if not escapes:
        return f"{quote}{text}{quote}"
    return f"{quote}{''.join(_escaped(character, quote) for character in text)}{quote}"


def unescaped(text: str) -> tuple[str, int | None]:
    """The text that a text with escapes stands for, and the position of the first backslash that begins none."""
    broken = next((match.start() for match in _ESCAPE.finditer(text) if _character(match) is None), None)
    return _ESCAPE.sub(lambda match: _character(match) or "", text), broken


def end_of_quoted(line: str, begin: int, *, escapes: bool) -> int:
    """The position of the closing quote of a text whose opening quote is at `begin`; -1 without one."""
    if not escapes:
        return line.find(line[begin], begin + 1)
    place = begin + 1
    while place < len(line) and line[place] != line[begin]:
        place += 2 if line[place] == "\\" else 1
    return place if place < len(line) else -1


def _escaped(character: str, quote: str) -> str:
    if character == quote or character in "\\\n\r\t":
        return f"\\{_NAMES[character]}"
    if unicodedata.category(character) not in ("Cc", "Zl", "Zp"):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _character(match: re.Match[str]) -> str | None:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _NAMED.get(match[4])
    value = int(code, 16)
    return None if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF else chr(value)
