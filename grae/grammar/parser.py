"""From a string to its leftmost derivation, for any context-free grammar.

Every string of the language is parsed. If longest match tokenizes all strings as their derivations do (decided by
`overlap`), a tokenizer splits the string, and Earley's algorithm reads the tokens. Otherwise the grammar is spelled
out, and the algorithm reads characters: a terminal then ends where some derivation needs it to.

Ambiguity is resolved by a fixed rule, which is applied to each nonterminal over its span, from the root down:

1. The lowest-numbered production that derives the span. Steps by which the nonterminal would only derive itself are
   excluded; if no other production derives the span, the fewest such steps lead to a nonterminal with one that does,
   the lowest-numbered first.
2. Of its right-hand side, from the last symbol to the first, each takes the shortest span that leaves the others a
   derivation.
3. Over an empty span, the production that starts a derivation of least height; the lowest-numbered of several.

Ignored characters are skipped only if the string is not in the language with them: a string of the language is always
parsed as it is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import ParseError
from grae.grammar.earley import MOST_ITEMS, Earley, Failure, Parsed
from grae.grammar.overlap import overlap
from grae.grammar.segmentation import Segmenter
from grae.grammar.spelling import Spelled, spelled

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

__all__ = ["Parsed", "Parser"]


class Parser:
    """Parses strings of a grammar's language; may be shared between threads.

    Args:
        grammar: any grammar. One with motifs is ambiguous by construction: a string is parsed with the base grammar,
            and the motifs are then applied to the derivation, always in the same way.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.grammar = grammar
        plain = grammar.plain
        held = any(character in terminal for terminal in plain.terminals for character in plain.ignore)
        self._scanner: _Tokens | _Characters
        if plain.separator or held or overlap(plain) is not None:
            self._scanner = _Characters(plain)
        else:
            self._scanner = _Tokens(plain)
        self._segmenter = Segmenter(grammar) if grammar.base else None

    def parse(self, text: str) -> np.ndarray:
        """The leftmost derivation of a string.

        Returns:
            Production ids, shape (T,), dtype `grammar.dtype`.

        Raises:
            ParseError: the string is not in the language.
        """
        parsed = self.parse_batch([text])
        if not parsed.ok[0]:
            raise self.error(text)
        return parsed.ids

    def parse_batch(self, texts: Sequence[str]) -> Parsed:
        """The leftmost derivations of several strings, in compiled loops that release the interpreter lock."""
        parsed = self._scanner.parse_batch(texts)
        if self._segmenter is None:
            return parsed
        lengths = np.diff(parsed.offsets)
        ids, offsets = self._segmenter.apply(parsed.ids, _offsets(lengths[parsed.ok]))
        lengths[parsed.ok] = np.diff(offsets)
        return Parsed(ids, _offsets(lengths), parsed.ok)

    def error(self, text: str) -> ParseError:
        """Why a string is not in the language: where its derivations fail, and the terminals expected there.

        If the parser reads characters, that may be inside a terminal; the rest of the terminal is then expected.

        Raises:
            ValueError: the string is in the language.
        """
        failure = self._scanner.failure(text)
        if failure is None:
            return ParseError(
                text,
                0,
                reason=f"more than {MOST_ITEMS:,} partial derivations of the string, which begins",
                remedy="make the grammar less ambiguous: S -> S S | T, say, becomes S -> S T | T",
            )
        expected = self._scanner.expected(failure)
        position = min(failure.position, len(text))
        reason = None
        if position < len(text):
            if failure.token is None:
                reason = f"no terminal of the grammar {self._scanner.holds} {text[position]!r}"
            elif expected:
                reason = f"no production continues {failure.token!r}"
            else:
                reason = f"the string should end before {failure.token!r}"
        return ParseError(text, position, expected, reason=reason)


class _Tokens:
    """Strings tokenized by longest match."""

    holds = "begins with"

    def __init__(self, grammar: "Grammar") -> None:
        self.machine = Earley(grammar)

    def parse_batch(self, texts: Sequence[str]) -> Parsed:
        return self.machine.parse_batch(texts)

    def failure(self, text: str) -> Failure | None:
        return self.machine.failure(text)

    def expected(self, failure: Failure) -> set[str]:
        productions = self.machine.grammar.productions
        return {str(productions[production].rhs[place]) for production, place in failure.awaited}


class _Characters:
    """Strings read character by character: first as they are, and, if that fails, with ignored characters."""

    holds = "has"

    def __init__(self, grammar: "Grammar") -> None:
        self._grammar = grammar
        self._forms: list[Spelled] = [spelled(grammar)]
        if grammar.ignore:
            self._forms.append(spelled(grammar, grammar.ignore))
        self._machines = [Earley(form.grammar) for form in self._forms]

    def parse_batch(self, texts: Sequence[str]) -> Parsed:
        parsed = self._parsed(texts, "")
        ignore = self._grammar.ignore
        again = [
            row for row in np.flatnonzero(~parsed.ok).tolist() if any(character in ignore for character in texts[row])
        ]
        if not again:
            return parsed
        return _merged(parsed, self._parsed([texts[row] for row in again], ignore), again)

    def failure(self, text: str) -> Failure | None:
        return self._machines[-1].failure(self._ended(text, self._grammar.ignore))

    def expected(self, failure: Failure) -> set[str]:
        known = (self._forms[-1].rest.get(place) for place in failure.awaited)
        return {text for text in known if text is not None}

    def _ended(self, text: str, ignore: str) -> str:
        """The string with a separator after its last terminal, as the spelled grammar expects."""
        holds_terminals = text.strip(ignore) if ignore else text
        return text + self._grammar.separator if holds_terminals else text

    def _parsed(self, texts: Sequence[str], ignore: str) -> Parsed:
        """Derivations without the productions of ignored characters."""
        parsed = self._machines[bool(ignore)].parse_batch([self._ended(text, ignore) for text in texts])
        kept = parsed.ids < self._grammar.n_productions
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
        return Parsed(parsed.ids[kept].astype(self._grammar.dtype), before[parsed.offsets], parsed.ok)


def _merged(parsed: Parsed, more: Parsed, rows: list[int]) -> Parsed:
    """Derivations, with those of rows that had none replaced."""
    lengths = np.diff(parsed.offsets)
    lengths[rows] = np.diff(more.offsets)
    offsets = _offsets(lengths)
    ok = parsed.ok.copy()
    ok[rows] = more.ok
    ids = np.empty(offsets[-1], parsed.ids.dtype)
    later = np.zeros(len(ids), bool)
    for row in rows:
        later[offsets[row] : offsets[row + 1]] = True
    ids[~later], ids[later] = parsed.ids, more.ids
    return Parsed(ids, offsets, ok)


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
