"""Cuts a string into terminals by longest match.

The terminals, as UTF-8, form a trie; the compiled loop walks it as a table over bytes. The longest terminal wins even
where no production could use it: the tokenizer does not know the productions.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.compilation import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grae.grammar.cfg import Grammar

NO_TOKEN = -1
IGNORED = -2


class Tokens(NamedTuple):
    """The tokens of a batch of strings. Those of row r are `ids[offsets[r] : offsets[r] + counts[r]]`.

    Attributes:
        ids: (bytes,) int32, terminal numbers; those of each row begin where the bytes of its text begin.
        starts: (bytes + 1,) int32, the byte of the row's text where each token begins; one more entry after the row's
            last token holds the byte where tokens end: the text's length, or the first byte that begins no terminal.
        offsets: (rows + 1,) int64, where each row begins, with room for one more entry than it has bytes.
        counts: (rows,) int64, number of tokens per row.
        broken: (rows,) bool, whether a row stops at a byte that begins no terminal.
    """

    ids: np.ndarray
    starts: np.ndarray
    offsets: np.ndarray
    counts: np.ndarray
    broken: np.ndarray


class Tokenizer:
    """Cuts strings into a grammar's terminals by longest match, skipping ignored characters.

    Args:
        grammar: its `terminals` give the numbers of tokens; its `ignore` lists the characters skipped between tokens. A
            character that is ignored and also a terminal is a token.
    """

    def __init__(self, grammar: "Grammar") -> None:
        self.terminals = grammar.terminals
        words = {character: IGNORED for character in grammar.ignore}
        words |= {terminal: number for number, terminal in enumerate(grammar.terminals)}
        self._moves, self._tokens = _trie(words)

    def __call__(self, text: str) -> list[str]:
        """The terminals of a string, up to the first position where none matches."""
        tokens = self.batch([text])
        return [self.terminals[token] for token in tokens.ids[: tokens.counts[0]]]

    def batch(self, texts: "Sequence[str]") -> Tokens:
        """The tokens of several strings."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum(lengths + 1, out=offsets[1:])
        data = np.frombuffer(b"\0".join([*encoded, b""]), np.uint8)
        tokens = Tokens(
            ids=np.empty(offsets[-1], np.int32),
            starts=np.empty(offsets[-1], np.int32),
            offsets=offsets,
            counts=np.zeros(len(encoded), np.int64),
            broken=np.zeros(len(encoded), np.bool_),
        )
        _tokenize(self._moves, self._tokens, data, tokens)
        return tokens


def _trie(words: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The trie of the words' bytes: moves (states, 256) int32, 0 for none, and each state's token (states,) int32."""
    moves, tokens = [[0] * 256], [NO_TOKEN]
    for word, token in words.items():
        state = 0
        for byte in word.encode("utf-8", "surrogatepass"):
            if not moves[state][byte]:
                moves[state][byte] = len(moves)
                moves.append([0] * 256)
                tokens.append(NO_TOKEN)
            state = moves[state][byte]
        tokens[state] = token
    return np.array(moves, np.int32), np.array(tokens, np.int32)


@compiled()
def _tokenize(moves, state_tokens, data, tokens):
    for row in range(tokens.counts.size):
        first = tokens.offsets[row]
        last = tokens.offsets[row + 1] - 1
        count = first
        place = first
        while place < last:
            state = 0
            token = NO_TOKEN
            after = place
            ahead = place
            while ahead < last:
                state = moves[state, data[ahead]]
                if state == 0:
                    break
                ahead += 1
                if state_tokens[state] != NO_TOKEN:
                    token = state_tokens[state]
                    after = ahead
            if token == NO_TOKEN:
                tokens.broken[row] = True
                break
            if token != IGNORED:
                tokens.ids[count] = token
                tokens.starts[count] = place - first
                count += 1
            place = after
        tokens.starts[count] = place - first
        tokens.counts[row] = count - first
