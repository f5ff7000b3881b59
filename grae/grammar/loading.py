"""Grammars by name, by path in any of the formats, as a regular expression, or from an nltk object."""

import errno
import os
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.formats import NLTK, REGEX, format_of, read_grammar
from grae.paths import GRAMMAR_FILE
from grae.resources import shipped

if TYPE_CHECKING:
    import nltk

MOST_BYTES = 100_000_000  # maximum size of a grammar file
_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def load_grammar(source: "str | Path | nltk.CFG", *, format: str | None = None, alphabet: str | None = None) -> Grammar:
    """Loads a built-in grammar by name, or a grammar by the path of its file or of a run folder.

    Args:
        source: the name or path; "re:" and a regular expression; or an `nltk.CFG` or `nltk.PCFG`. Probabilities become
            weights, which are used in sampling from the grammar; a model learns its own from strings.
        format: the notation of the file, one of `grae.grammar.formats.formats()`; by default that of its suffix.
        alphabet: restriction of very large character sets in formats other than nltk's; see
            `grae.grammar.formats.read_grammar`.

    Raises:
        GrammarError: there is no such grammar, or it cannot be read.
        SettingsError: there is no such format or alphabet.
        MissingExtraError: the format's package is not installed.
    """
    if isinstance(source, str) and source.startswith(REGEX):
        return read_grammar(source.removeprefix(REGEX), "regex", "regex", label=source, alphabet=alphabet)
    if not isinstance(source, str | Path):
        from grae.grammar.nltk_objects import from_nltk

        return from_nltk(source)
    shipped_files = {name: shipped("grammars") / f"{name}.cfg" for name in shipped_grammars()}
    path = shipped_files.get(str(source), Path(source))
    try:
        if path.is_dir():
            path = path / GRAMMAR_FILE
        text = _text_of(path)
    except UnicodeDecodeError as error:
        raise GrammarError(
            f"{path}: not UTF-8 text, at byte {error.start}", remedy="save the grammar as UTF-8"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: the path has a null character
        if isinstance(error, OSError) and error.errno not in _NO_SUCH_FILE:
            raise GrammarError(f"{path}: {error.strerror}", remedy="check the path and its permissions") from None
        near = get_close_matches(str(source), shipped_files, n=1)
        raise GrammarError(
            f"no grammar {str(source)!r}: neither a shipped grammar ({', '.join(shipped_files)}) nor a file",
            remedy=f"did you mean {near[0]!r}?"
            if near
            else "give one of these names, a grammar's file, or a run's folder",
        ) from None
    name = path.stem if path.name != GRAMMAR_FILE else path.parent.name
    notation = format_of(path) if format is None else format
    if notation == NLTK:
        return Grammar.from_text(text, name)
    return read_grammar(text, name, notation, label=path.name, alphabet=alphabet)


def _text_of(path: Path) -> str:
    """The text of a grammar file.

    Raises:
        GrammarError: it is a device, or too large to be a grammar.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise GrammarError(f"{path} is a device, not a file", remedy="give a file with a grammar in it")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise GrammarError(
            f"{path} has more than {MOST_BYTES:,} bytes: it is not a grammar", remedy="give a file with a grammar in it"
        )
    return content.decode("utf-8-sig")


def shipped_grammars() -> list[str]:
    """The names of the grammars that come with grae."""
    return sorted(path.stem for path in shipped("grammars").glob("*.cfg"))
