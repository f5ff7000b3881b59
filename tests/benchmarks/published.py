"""Plain implementations of published methods, as references for the benchmarks."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from grae.grammar import Grammar, Nonterminal
from grae.grammar.codec import Derivations
from grae.sequence.decoders import ParallelDecoder, RecurrentDecoder
from grae.sequence.pushdown import State

PUBLISHED_LENGTH = 277  # steps of a molecule's derivation, including padding (Kusner et al. 2017)

Logits = Callable[[int, int], np.ndarray]


class StackDecoder:
    """Published decoding algorithm (Kusner et al. 2017, algorithm 1): a Python list as stack, one string at a time.

    Decodes greedily. As published, the result is empty if the stack is not empty after `max_length` productions.
    """

    def __init__(self, grammar: Grammar, max_length: int) -> None:
        self.grammar = grammar
        self.max_length = max_length
        self.numbers = {nonterminal: number for number, nonterminal in enumerate(grammar.nonterminals)}
        self.masks = {nonterminal: grammar.tables.mask[number] for nonterminal, number in self.numbers.items()}

    def decode(self, logits: Logits) -> str:
        """Decodes a string; `logits` maps the previous id and the current nonterminal to the step's logits (P,)."""
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
    """Decoder that computes its logits but follows given derivations (teacher forcing).

    An untrained network would decode to strings of arbitrary length; this way lengths and cost are those of a trained
    network.

    Args:
        decoder: the decoder.
        derivations: ids of the derivations to follow, (B, T).
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
    """Decoder with precomputed logits, (B, T, S)."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    def start(self, z: Tensor) -> State:
        return self.logits, torch.zeros(len(z), dtype=torch.long)

    def step(self, state: State, previous: Tensor, nonterminal: Tensor) -> tuple[Tensor, State]:
        logits, position = state
        return logits[torch.arange(len(position)), position], (logits, position + 1)


def one_hot(derivations: Derivations, grammar: Grammar) -> np.ndarray:
    """The published representation of a data set: padded one-hot vectors, (n, T, S) float32."""
    ids = derivations.padded(np.arange(len(derivations)), grammar.pad, PUBLISHED_LENGTH)
    vectors = np.zeros((*ids.shape, grammar.n_symbols), np.float32)
    np.put_along_axis(vectors, ids[..., None].astype(np.int64), 1, axis=-1)
    return vectors
