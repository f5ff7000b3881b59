"""What grae is compared with: the published ways, written plainly. Used by the benchmarks only."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from grae.grammar import Grammar, Nonterminal
from grae.grammar.codec import Derivations
from grae.sequence.decoders import ParallelDecoder, RecurrentDecoder
from grae.sequence.pushdown import State

PUBLISHED_LENGTH = 277  # steps of a molecule's derivation, padding included (Kusner et al. 2017)

Logits = Callable[[int, int], np.ndarray]


class StackDecoder:
    """The published decoding (Kusner et al. 2017, algorithm 1): a Python list as stack, one string at a time.

    Greedy. As published, a string whose stack is not empty after `max_length` productions comes out as nothing.
    """

    def __init__(self, grammar: Grammar, max_length: int) -> None:
        self.grammar = grammar
        self.max_length = max_length
        self.numbers = {nonterminal: number for number, nonterminal in enumerate(grammar.nonterminals)}
        self.masks = {nonterminal: grammar.tables.mask[number] for nonterminal, number in self.numbers.items()}

    def decode(self, logits: Logits) -> str:
        """A string; `logits` gives those (P,) of the next step from the previous id and the current nonterminal."""
        stack: list[Nonterminal | str] = [self.grammar.start]
        text: list[str] = []
        previous, steps = self.grammar.pad, 0
        while stack:
            symbol = stack.pop()
            if isinstance(symbol, str):
                text.append(symbol)
                continue
            if steps == self.max_length:
                return ""
            masked = np.where(self.masks[symbol], logits(previous, self.numbers[symbol]), -np.inf)
            previous = int(masked.argmax())
            steps += 1
            stack.extend(reversed(self.grammar.productions[previous].rhs))
        return "".join(text)


class Guided:
    """A decoder that does all its work, and then is led through given derivations.

    An untrained network would decode to strings of any length; led, it decodes to strings as long as real ones, in the
    time that a trained one takes.

    Args:
        decoder: the decoder.
        derivations: where to lead, (B, T) ids.
    """

    def __init__(self, decoder: RecurrentDecoder | ParallelDecoder, derivations: Tensor) -> None:
        self.decoder = decoder
        self.derivations = derivations

    def start(self, z: Tensor) -> State:
        return (self.derivations, torch.zeros(len(z), dtype=torch.long), *self.decoder.start(z))

    def step(self, state: State, previous: Tensor, nonterminal: Tensor) -> tuple[Tensor, State]:
        ids, position, *inner = state
        logits, after = self.decoder.step(tuple(inner), previous, nonterminal)
        true = ids.gather(1, position.clamp(max=ids.shape[1] - 1)[:, None])
        return logits.scatter_add(1, true, torch.full_like(true, 1000, dtype=logits.dtype)), (ids, position + 1, *after)


class Precomputed:
    """A decoder whose logits are there already, (B, T, S)."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    def start(self, z: Tensor) -> State:
        return self.logits, torch.zeros(len(z), dtype=torch.long)

    def step(self, state: State, previous: Tensor, nonterminal: Tensor) -> tuple[Tensor, State]:
        logits, position = state
        return logits[torch.arange(len(position)), position], (logits, position + 1)


def one_hot(derivations: Derivations, grammar: Grammar) -> np.ndarray:
    """The published form of a data set, (n, T, S) float32, filled up with the padding."""
    ids = derivations.padded(np.arange(len(derivations)), grammar.pad, PUBLISHED_LENGTH)
    letters = np.zeros((*ids.shape, grammar.n_symbols), np.float32)
    np.put_along_axis(letters, ids[..., None].astype(np.int64), 1, axis=-1)
    return letters
