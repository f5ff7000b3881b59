"""A network put to use on many strings: derivations to codes, and codes to derivations."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from grae.autoencoder import Autoencoder, once
from grae.grammar.codec import Derivations
from grae.sequence.batches import DerivationBatches
from grae.sequence.pushdown import Choice, Constrained, GrammarTensors, Pushdown, State, StepDecoder, greedy, run
from grae.training.batches import mean_losses as over_parts

if TYPE_CHECKING:
    from grae.constraints import Constraint

BATCH = 1024  # strings decoded, or encoded, together
STEPS = 100_000  # that the published decoder computes at a time
SYMBOLS = 2**19  # in a batch to encode, the padding among them; long derivations come in smaller batches


def encode_rows(
    network: Autoencoder, derivations: Derivations, rows: np.ndarray, *, pad: int, device: torch.device
) -> np.ndarray:
    """The codes of some rows, (n, D) float32, in the order of the rows."""
    batches = DerivationBatches(derivations, rows, pad=pad, batch_size=BATCH)
    codes = np.empty((len(rows), network.bottleneck.latent_dim), np.float32)
    network.eval()
    with torch.inference_mode():
        for places in batches.in_order():
            n_parts = -(-len(places) * int(batches.lengths[places].max()) // SYMBOLS)
            for part in np.array_split(places, n_parts):
                batch = _on(batches.collate(rows[part]), device)
                codes[part] = network.encode(batch).float().cpu().numpy()
    return codes


def decode_codes(
    network: Autoencoder,
    tensors: GrammarTensors,
    codes: np.ndarray,
    *,
    max_length: int,
    dtype: np.dtype,
    device: torch.device,
    choose: Choice = greedy,
    constraint: "Constraint | None" = None,
    completes: bool = True,
    draws: int = 1,
) -> Derivations:
    """The derivations that codes (n, D) decode to, of type `dtype`: the draws of the first code, of the second, ...

    What a decoder computes of a code alone, before the first step, is computed once for all draws of it: for the
    published decoder that is everything.

    Args:
        network: the autoencoder.
        tensors: its grammar.
        codes: (n, D) float32.
        max_length: productions a derivation may have at most.
        dtype: of the production ids.
        device: where to compute.
        choose: as in `decode`.
        constraint: as in `decode`.
        completes: whether derivations are forced to be complete; if not, those that are not are empty.
        draws: how many derivations of each code.
    """
    network.eval()
    parts: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    decoder: StepDecoder = network.decoder  # pyright: ignore[reportAssignmentType]
    together = max(1, BATCH // draws)
    for first in range(0, len(codes), BATCH):
        z = torch.from_numpy(np.ascontiguousarray(codes[first : first + BATCH])).to(device)
        with once(network.decoder), torch.inference_mode():
            at_start = _start(decoder, z, max(1, STEPS // max_length))
            for row in range(0, len(z), together):
                state = tuple(part[row : row + together].repeat_interleave(draws, dim=0) for part in at_start)
                n = len(state[0])
                if constraint is None:
                    machine = Pushdown(tensors, n, max_length, completes=completes)
                else:
                    machine = Constrained(tensors, n, constraint)
                ids = run(machine, decoder, state, max_length, choose).cpu().numpy()
                valid = ids != tensors.pad
                parts.append(ids[valid].astype(dtype))
                lengths.append(valid.sum(axis=1))
    offsets = np.concatenate([[0], *lengths]).cumsum()
    return Derivations(np.concatenate([np.empty(0, dtype), *parts]), offsets)


def _start(decoder: StepDecoder, z: Tensor, together: int) -> State:
    """A decoder's state before the first step, computed for so many codes at a time."""
    parts = [decoder.start(chunk) for chunk in z.split(together)]
    return tuple(torch.cat(of_all) for of_all in zip(*parts, strict=True))


def mean_losses(batches: DerivationBatches) -> Callable[[nn.Module], dict[str, float]]:
    """A validation: the means, over all rows, of the terms that a network's `forward` gives."""
    return over_parts([batches.rows[places] for places in batches.in_order()], batches.collate)


def _on(batch: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: tensor.to(device) for name, tensor in batch.items()}
