"""Refinement of codes until they decode to their strings.

The encoder computes a code in one pass. If greedy decoding does not reconstruct the string, decoding a nearby code
often does: the encoder is at fault, not the decoder (the amortization gap; Cremer, Li and Duvenaud, ICML 2018). Such a
code is optimized with Adam, which raises the likelihood of the string's derivation under teacher forcing with the
weights fixed (as in semi-amortized inference; Kim et al., ICML 2018), until greedy decoding reconstructs the string.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from grae.grammar import codec
from grae.grammar.codec import Derivations
from grae.sequence.likelihood import losses

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

STEPS = 100
CHECKED = 10  # steps between two decodings
RATE = 0.05  # Adam's learning rate, in standard deviations of the training codes
BATCH = 256  # codes optimized together
DRAWN = 2_000  # samples of the fitted Gaussian from which the standard deviations are estimated

Decode = Callable[[np.ndarray], Sequence[str | None]]


class Refined(NamedTuple):
    """Refined codes.

    Attributes:
        codes: (n, D) float32; the encoder's code for a string that is not reconstructed.
        exact: whether each code decodes to its string, (n,) bool.
    """

    codes: np.ndarray
    exact: np.ndarray


def refined(
    model: "GrammarAutoencoder",
    derivations: Derivations,
    codes: np.ndarray,
    *,
    steps: int = STEPS,
    decode: Decode | None = None,
) -> Refined:
    """Refines the codes of those derivations that are not reconstructed.

    Args:
        model: a fitted model.
        derivations: n derivations of `model.grammar_`.
        codes: the encoder's codes, (n, D) float32.
        steps: maximum number of Adam steps per code.
        decode: greedy decoding into strings as the model learned them; None for that of `inverse_transform`.
    """
    decode = decode or partial(model.inverse_transform, raw=True)
    texts = codec.decode(model.grammar_, derivations)
    codes = np.array(codes, np.float32)
    exact = _equal(decode(codes), texts)
    missed = np.flatnonzero(~exact)
    missed = missed[np.argsort(derivations.lengths[missed], kind="stable")]
    spread = code_spread(model, model.random_state)
    for first in range(0, len(missed), BATCH):
        rows = missed[first : first + BATCH]
        moving = _Moving(model, derivations[rows], codes[rows], spread)
        for step in range(1, steps + 1):
            moving.step()
            if step % CHECKED and step < steps:
                continue
            moved = moving.codes()
            right = _equal(decode(moved), [texts[row] for row in rows[moving.rows]])
            places = rows[moving.rows[right]]
            codes[places], exact[places] = moved[right], True
            moving.rows = moving.rows[~right]
            if not len(moving.rows):
                break
    return Refined(codes, exact)


def code_spread(model: "GrammarAutoencoder", seed: int) -> np.ndarray:
    """The standard deviation of the training codes in each dimension, (D,) float32, by the fitted Gaussian."""
    return model.density_named("gaussian").sample(DRAWN, seed).std(axis=0)


class _Moving:
    """Optimization of the codes (n, D) of derivations with Adam.

    Attributes:
        rows: indices of the codes that are still optimized, (m,) int64; the caller removes the others.
    """

    def __init__(
        self, model: "GrammarAutoencoder", derivations: Derivations, codes: np.ndarray, spread: np.ndarray
    ) -> None:
        device, self.pad = model._device(), model.grammar_.pad
        self.rows = np.arange(len(codes))
        self.network = model.network_.to(device).eval()
        ids = derivations.padded(self.rows, self.pad).astype(np.int64)
        self.ids = torch.from_numpy(ids).to(device)  # n T
        self.start, self.spread = (torch.from_numpy(part).to(device) for part in (codes, spread))
        self.moves = torch.zeros_like(self.start, requires_grad=True)  # in standard deviations
        self.adam = torch.optim.Adam([self.moves], lr=RATE)

    def step(self) -> None:
        rows = torch.from_numpy(self.rows).to(self.ids.device)
        z = self.start[rows] + self.moves[rows] * self.spread  # m D
        with torch.backends.cudnn.flags(enabled=False):  # its RNNs have no backward pass in eval mode
            loss = losses(self.network, z, self.ids[rows], self.pad).sum()
            (self.moves.grad,) = torch.autograd.grad(loss, self.moves)
        self.adam.step()

    def codes(self) -> np.ndarray:
        """The codes of `rows`, (m, D) float32."""
        with torch.no_grad():
            return (self.start + self.moves * self.spread)[torch.from_numpy(self.rows)].cpu().numpy()


def _equal(some: Sequence[str | None], texts: Sequence[str]) -> np.ndarray:
    return np.array([one == text for one, text in zip(some, texts, strict=True)], bool)
